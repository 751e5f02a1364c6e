"""The views of a run without a terminal: one line for each change, or nothing at all."""

import time
from types import TracebackType
from typing import TextIO

from orchestrator.cli.failure import complain
from orchestrator.core.model import Status, StepState
from orchestrator.operations.foreign_changes import GOES_ON
from orchestrator.operations.waiting_to_begin import WAITING
from orchestrator.reporting.deadlines import deadline_note, deadline_said
from orchestrator.reporting.in_line import HAS_BEGUN
from orchestrator.reporting.phrases import column, counted
from orchestrator.reporting.rows import row
from orchestrator.reporting.times import clock, lasted
from orchestrator.reporting.watch import Watch
from orchestrator.system.terminal import shown

#: The widest status, ``upstream failed``.
_WORD = 15

#: Up to this length, names are aligned.
_NAME = 40

#: Seconds until a written line is flushed at the latest.
_PERIOD = 0.25


class LineView:
    """Writes ``12:03:04  report  succeeded  3.2 s`` whenever a step begins, retries or ends."""

    def __init__(self, watch: Watch, stream: TextIO) -> None:
        self._watch = watch
        self._stream = stream
        self._width = column([step.name for step in watch.plan.steps], _NAME)
        self._next = 0.0
        watch.changed = self._changed

    def __enter__(self) -> "LineView":
        over = f", {self._watch.over:,} already ended" if self._watch.over else ""
        self.say(f"run {self._watch.run.id}: {counted(len(self._watch.plan.steps), 'step')}{over}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.flush()

    def tick(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PERIOD
            self._stream.flush()

    def say(self, text: str) -> None:
        self._stream.write(f"{clock(time.time())}  {shown(text)}\n")
        self._stream.flush()

    def _changed(self, node: int, before: StepState, state: StepState) -> None:
        if state.status is Status.LAUNCHING or _looks(before) == _looks(state):
            return
        now = time.time()
        if node == self._watch.plan.end:
            if deadline_note(state) not in ("", deadline_note(before)):
                run = self._watch.run
                said = deadline_said(run, self._watch.plan, state, node, None).removeprefix("it ")
                self.say(f"run {run.id} {said}")
            return
        shown = row(self._watch.plan, self._watch.states, node, now)
        took = lasted(state, now) if state.status.final else ""
        rest = "  ".join(part for part in (took, shown.note) if part)
        line = f"{clock(now)}  {shown.name.ljust(self._width)}  {shown.word.ljust(_WORD)}  {rest}"
        self._stream.write(f"{line.rstrip()}\n")


def _looks(state: StepState) -> object:
    """What a line tells of a state, apart from times: a commit that changes nothing of it is not shown."""
    return state.status, state.attempt, state.stop, state.overdue is None, deadline_note(state)


class SilentView:
    """For ``--json``: writes only on standard error, and only for whom the run waits, and that it goes on."""

    def __enter__(self) -> "SilentView":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """There is nothing to close."""

    def tick(self) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        if text.startswith(WAITING) or text in (GOES_ON, HAS_BEGUN):  # or it would seem to hang
            complain(text)
