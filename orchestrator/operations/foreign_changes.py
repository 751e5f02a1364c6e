"""Watches what other processes change in a run that this one drives: updates the view, and reports a standstill, and
that the run waits in line.
"""

import time
from collections.abc import Callable

from orchestrator.core.model import Status, StepState
from orchestrator.local.wiring import Embedded
from orchestrator.operations.places_in_line import end_in_line
from orchestrator.operations.waiting_to_begin import WAITING, WaitingToBegin
from orchestrator.reporting.held import all_held, standstill
from orchestrator.reporting.watch import Watch

#: Seconds between two reads, and the share of the time that reading may take.
PERIOD, SHARE = 0.5, 0.05

#: The message when a run goes on after a standstill.
GOES_ON = "the run goes on"


class ForeignChanges:
    """Reads the store whenever another process has committed something. ``say`` gets messages for the user."""

    def __init__(self, world: Embedded, watch: Watch, flag: str, say: Callable[[str], None]) -> None:
        self._world = world
        self._watch = watch
        self._flag = flag
        self._say = say
        self._seen = -1
        self._next = 0.0
        self._waits: list[tuple[int, int]] = []
        self._line = WaitingToBegin(watch, flag, say)

    def look(self) -> None:
        """Look for changes. Call this often, outside of any transaction."""
        began = time.monotonic()
        if began < self._next:
            return
        if self._world.database.foreign != self._seen:
            self._seen = self._world.database.foreign
            self._read()
        self._tell()
        self._next = time.monotonic() + max(PERIOD, (time.monotonic() - began) / SHARE)

    def _read(self) -> None:
        key = self._watch.run.key
        for node, state in self._world.store.load_all(key, outputs=False).states.items():
            if _differ(self._watch.state(node), state):
                self._watch.saw(key, node, state)

    def _tell(self) -> None:
        watch = self._watch
        self._line.look(end_in_line(self._world.home, self._world.store, watch.plan, watch.end))
        active = watch.counts[Status.RUNNING] + watch.counts[Status.LAUNCHING] + self._world.running
        waits = [] if active or watch.end.waits is not None else standstill(watch.plan, watch.states)
        seen = [(node, watch.state(node).attempt) for node in waits]
        if seen == self._waits:
            return
        self._waits = seen
        if waits:
            self._say(f"{WAITING}{all_held(watch.plan, watch.states, waits, watch.run.id, self._flag)}")
        elif watch.over < len(watch.plan.steps):
            self._say(GOES_ON)


def _differ(one: StepState, other: StepState) -> bool:
    return (one.status, one.attempt, one.stop, one.control) != (other.status, other.attempt, other.stop, other.control)
