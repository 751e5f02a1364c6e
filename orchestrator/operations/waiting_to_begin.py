"""Tells who looks on that a run waits in line for a place among the active runs of its graph, and that it has begun."""

from collections.abc import Callable

from orchestrator.core.model import RunStatus, StepState
from orchestrator.reporting.in_line import HAS_BEGUN, in_line, is_next
from orchestrator.reporting.watch import Watch

#: What a message begins with that says for whom, or behind which runs, a run waits.
WAITING = "waiting: "


class WaitingToBegin:
    """``say`` gets a message when the run begins to wait, whenever its place in line changes, and when it has begun."""

    def __init__(self, watch: Watch, flag: str, say: Callable[[str], None]) -> None:
        self._watch = watch
        self._flag = flag
        self._say = say
        self._told = ""
        self._show, watch.changed = watch.changed, self._changed

    def look(self, end: StepState) -> None:
        """``end``: the state of the run's end, as it is now, which knows where the run stands in line if it waits."""
        run = self._watch.run
        if end.waits is None or run.status is not RunStatus.RUNNING:
            return
        said = in_line(run, end.waits, self._flag)
        if said != self._told and not is_next(end.waits):
            self._told = said
            self._say(f"{WAITING}{said}")

    def _changed(self, node: int, before: StepState, state: StepState) -> None:
        """Told before the first of its steps is shown."""
        if node == self._watch.plan.end and self._told and state.waits is None:
            self._told = ""
            if state.status.active:
                self._say(HAS_BEGUN)
        self._show(node, before, state)
