"""The live view of a run in a terminal, redrawn at most four times a second."""

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.cli.views.console import LOOKS, line, sign, step_lines
from orchestrator.ports import Clock
from orchestrator.reporting.deadlines import deadline_note
from orchestrator.reporting.phrases import ORDER, status_word
from orchestrator.reporting.rows import rows, telling
from orchestrator.reporting.times import duration
from orchestrator.reporting.upstream import by_depth
from orchestrator.reporting.watch import Watch

#: Seconds between two updates, and the share of the time that drawing may take.
PERIOD, SHARE = 0.25, 0.1

#: Lines of the screen that are not used for steps.
_FRAME = 8


class LiveView:
    """Shows every step if the screen is high enough, otherwise the most interesting ones."""

    def __init__(self, watch: Watch, console: Console, clock: Clock = time.time) -> None:
        self._watch = watch
        self._clock = clock
        self._console = console
        self._order = by_depth(watch.plan)
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._next = 0.0
        self._word = ""

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the last update on the screen. The summary that follows has the counts and failures."""
        steps = [Text(), *self._steps(), Text()] if len(self._order) <= self._room else []
        self._live.update(Group(self._header(), *steps, self._bar()), refresh=True)
        self._live.stop()
        self._console.print()
        if error is not None and self._word:  # no summary follows
            self._console.print(line(self._word, "yellow"))

    def tick(self) -> None:
        began = time.monotonic()
        if began >= self._next:
            self._live.update(Group(*self.picture()), refresh=True)
            took = time.monotonic() - began
            self._next = began + max(PERIOD, took / SHARE)

    def say(self, text: str) -> None:
        """Show a sentence below the steps from now on."""
        self._word = text
        self._next = 0.0

    @property
    def _room(self) -> int:
        """How many lines are left for steps."""
        return max(self._console.size.height - _FRAME, 3)

    def picture(self) -> list[Text]:
        """The lines that the screen shows now."""
        word = [line(self._word, "yellow")] if self._word else []
        return [self._header(), Text(), *self._steps(), Text(), self._bar(), self._counts(), *word]

    def _steps(self) -> list[Text]:
        """Every step if all fit, otherwise the most interesting ones."""
        watch, room, total = self._watch, self._room, len(self._order)
        nodes = self._order if total <= room else telling(watch, room - 1)
        lines = list(step_lines(rows(watch.plan, watch.states, nodes, self._clock()), self._console))
        if total > room:
            lines.append(Text(f"  {len(nodes)} of {total:,} steps are shown", "bright_black"))
        return lines

    def _header(self) -> Text:
        run = self._watch.run
        took = duration((self._clock() if run.ended_at is None else run.ended_at) - run.started_at)
        said = Text.assemble("run ", line(run.id, "bold"))
        if not run.id.startswith(run.graph):
            said.append(line(f" of {run.graph}"))
        if note := deadline_note(self._watch.end):
            said.append(f"  {note}", "yellow")
        said.append(took.rjust(max(self._console.width - said.cell_len, len(took) + 2)))
        return said

    def _bar(self) -> Text:
        """A progress bar, in the colours of the statuses."""
        counts, total = self._watch.counts, max(len(self._order), 1)
        full, rest = ("=", "-") if self._console.options.ascii_only else ("━", "─")
        over = f"  {self._watch.over:,} of {total:,}"
        width = max(self._console.width - len(over), 10)
        bar = Text()
        drawn = reached = 0
        for status in ORDER:
            reached += counts[status]
            until = width * reached // total
            bar.append((full if status.final else rest) * (until - drawn), LOOKS[status].style)
            drawn = until
        return bar.append(over)

    def _counts(self) -> Text:
        said = Text()
        for status in ORDER:
            if number := self._watch.counts[status]:
                item = f"{sign(status, self._console)} {number:,} {status_word(status)}".replace(
                    " ", "\N{NO-BREAK SPACE}"
                )
                said.append(f"{item}  ", LOOKS[status].style)
        return said
