"""The progress of a backfill: a line for each run that has ended, or a live summary in a terminal."""

import sys
import time
from collections import Counter
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.cli.views.console import console, line
from orchestrator.cli.views.live import PERIOD, SHARE
from orchestrator.core.model import Run
from orchestrator.operations.backfill.report import counts, reason, style_of
from orchestrator.operations.backfill.slots import Result
from orchestrator.reporting.times import clock, duration
from orchestrator.reporting.watch import Watch
from orchestrator.system.terminal import one_line, shown

#: How many open runs are shown.
_ROWS = 12


class Board:
    """What is known of a backfill: how many runs it has, the results, and the runs that are open, by key."""

    def __init__(self, graph: str, total: int, results: list[Result]) -> None:
        self.graph, self.total, self.results = graph, total, results
        self.open: dict[str, Watch] = {}
        self.began = time.time()

    @property
    def left(self) -> int:
        return self.total - len(self.results)


class BackfillLines:
    """Writes ``12:03:04  sales-backfill-2026-01-31  succeeded  3.2 s, 12 left`` whenever a run has ended."""

    def __init__(self, board: Board, stream: TextIO) -> None:
        self._board, self._stream = board, stream

    def __enter__(self) -> "BackfillLines":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.flush()

    def tick(self) -> None:
        """Each line was flushed when it was written."""

    def say(self, text: str) -> None:
        self._stream.write(f"{clock(time.time())}  {shown(text)}\n")
        self._stream.flush()

    def ended(self, result: Result) -> None:
        self.say(told(result, self._board.left))


class BackfillLive:
    """Shows counts, a bar and the open runs, and leaves a line above for each run that did not succeed."""

    def __init__(self, board: Board, screen: Console) -> None:
        self._board, self._console = board, screen
        self._live = Live(console=screen, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._next = 0.0
        self._word = ""

    def __enter__(self) -> "BackfillLive":
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.update(Group(*self.picture()), refresh=True)
        self._live.stop()

    def tick(self) -> None:
        began = time.monotonic()
        if began >= self._next:
            self._live.update(Group(*self.picture()), refresh=True)
            self._next = time.monotonic() + max(PERIOD, (time.monotonic() - began) / SHARE)

    def say(self, text: str) -> None:
        self._word = text
        self._next = 0.0

    def ended(self, result: Result) -> None:
        if not result.succeeded:
            self._console.print(line(told(result, self._board.left), style_of(result)))

    def picture(self) -> list[Text]:
        """The lines that the screen shows now."""
        board, now = self._board, time.time()
        head = Text.assemble("backfill of ", line(board.graph, "bold"), f"  {duration(now - board.began)}")
        rows = [self._row(watch, now) for watch in list(board.open.values())[:_ROWS]]
        if len(board.open) > _ROWS:
            rows.append(Text(f"  and {len(board.open) - _ROWS:,} more", "bright_black"))
        word = [line(self._word, "yellow")] if self._word else []
        return [head, *rows, self._bar(), *word]

    def _row(self, watch: Watch, now: float) -> Text:
        took = duration(now - watch.run.started_at)
        text = Text(f"  {shown(watch.run.id)}  {watch.over:,} of {len(watch.plan.steps):,} steps  {took}", "cyan")
        text.truncate(self._console.width, overflow="ellipsis")
        return text

    def _bar(self) -> Text:
        board = self._board
        words = Counter(result.word for result in board.results)
        over = f"  {', '.join([*counts(words), f'{board.left:,} left'])}"
        width = min(40, max(self._console.width - len(over), 10))
        full, rest = ("=", "-") if self._console.options.ascii_only else ("━", "─")
        done = width * len(board.results) // max(board.total, 1)
        return Text.assemble((full * done, "green"), (rest * (width - done), "bright_black"), over)


class BackfillSilent(BackfillLines):
    """Writes nothing, for ``--json``."""

    def say(self, text: str) -> None:
        """Nothing is said."""


View = BackfillLines | BackfillLive


def view(board: Board, silent: bool) -> View:
    """The live view in a terminal, otherwise lines; silent with ``--json``."""
    if silent:
        return BackfillSilent(board, sys.stdout)
    screen = console()
    if sys.stdout.isatty() and not screen.is_dumb_terminal:
        return BackfillLive(board, screen)
    return BackfillLines(board, sys.stdout)


def told(result: Result, left: int) -> str:
    """``sales-backfill-2026-01-31  failed  3.2 s  load (user_code), 12 left``."""
    parts = [result.run_id, result.word, _took(result.run), one_line(reason(result))]
    return "  ".join(part for part in parts if part) + f", {left:,} left"


def _took(run: Run | None) -> str:
    return duration(run.ended_at - run.started_at) if run is not None and run.ended_at is not None else ""
