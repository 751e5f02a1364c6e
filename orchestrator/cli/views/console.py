"""Prints with rich. Text is never read as markup, and NO_COLOR is obeyed."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from orchestrator.core.model import Status
from orchestrator.reporting.phrases import column, status_word
from orchestrator.reporting.rows import Row
from orchestrator.reporting.summary import Line
from orchestrator.system.terminal import shown


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks in a terminal: a sign, the same in ASCII, and a style of rich."""

    sign: str
    ascii: str
    style: str


LOOKS = {
    Status.SUCCEEDED: Look("✓", "+", "green"),
    Status.FAILED: Look("✗", "x", "bold red"),
    Status.UPSTREAM_FAILED: Look("⊘", "!", "red"),
    Status.CANCELLED: Look("■", "#", "magenta"),
    Status.SKIPPED: Look("»", "-", "bright_black"),
    Status.RUNNING: Look("●", "*", "bold cyan"),
    Status.LAUNCHING: Look("◌", "o", "cyan"),
    Status.UP_FOR_RETRY: Look("↻", "~", "yellow"),
    Status.NEEDS_ATTENTION: Look("!", "?", "bold yellow"),
    Status.PENDING: Look("·", ".", "bright_black"),
}

#: How many characters of a name are shown in a terminal.
_NAME = 32

#: The widest status.
_WORD = max(len(status_word(status)) for status in Status)

#: The widest time, ``12 m 34 s``.
_TIME = 9

_NOTES = {Status.FAILED: "red", Status.UP_FOR_RETRY: "yellow", Status.NEEDS_ATTENTION: "yellow"}


class _Console(Console):
    """Rich's, which ends with 1 if nobody reads on; this leaves that to ``guarded``, as all other output does."""

    def on_broken_pipe(self) -> None:
        """Raises the BrokenPipeError that is being handled."""
        self.quiet = True
        raise  # noqa: PLE0704 - rich calls this within its "except BrokenPipeError"


def console() -> Console:
    """A console on standard output. If that is not a terminal, lines are not wrapped."""
    made = _Console(file=sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 100_000
    return made


def say(lines: Iterable[Line]) -> None:
    """Print lines, with colours if standard output is a terminal."""
    if not sys.stdout.isatty():
        for said in lines:
            print(said.text)
        return
    screen = console()
    for said in lines:
        screen.print(Text(said.text, said.style), soft_wrap=said.whole)


def line(text: str, style: str = "") -> Text:
    """A styled line for rich, with control codes escaped."""
    return Text(shown(text), style)


def sign(status: Status, to: Console) -> str:
    return LOOKS[status].ascii if to.options.ascii_only else LOOKS[status].sign


def step_lines(rows: Sequence[Row], to: Console) -> Iterator[Text]:
    """A line for each row: sign, name, status, time, note. In a terminal it is cut at the width of the screen."""
    width = column([row.name for row in rows], _NAME if to.is_terminal else 100)
    for row in rows:
        style = LOOKS[row.status].style
        quiet = row.status in (Status.PENDING, Status.SKIPPED)
        name = row.name if len(row.name) <= width else f"{row.name[: width - 1]}…"
        shown_row = Text(f"{sign(row.status, to)} ", style)
        shown_row.append(f"{name:{width}}  ", "bright_black" if quiet else "default not bold")
        shown_row.append(f"{row.word:{_WORD}}", style)
        shown_row.append(f"{row.elapsed:>{_TIME}}  ", "default not bold")
        shown_row.append(row.note, _NOTES.get(row.status, "bright_black not bold"))
        if to.is_terminal:
            shown_row.truncate(to.width, overflow="ellipsis")
        shown_row.rstrip()
        yield shown_row
