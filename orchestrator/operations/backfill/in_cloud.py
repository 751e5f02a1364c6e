"""A backfill in a deployment: starts the runs of the slots there, a few at a time, and follows them to their ends.

Runs go on by themselves, whatever becomes of this process. A run's id follows from its slot, and of two starts with one
id the deployed ``start`` makes one run: so a slot never runs twice, and the same command takes a backfill up again.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.steps import Json
from orchestrator.errors import StoreError, UsageError
from orchestrator.operations.backfill.slots import Does, Planned, Result
from orchestrator.ports import Reader

#: Seconds between two looks at the runs that are open. Each look at a run costs a read.
LOOK = 5.0


class Starter(Protocol):
    """Starts runs of one deployed graph. Each method may raise UsageError for what can never be started."""

    def start(self, run_id: str, params: Mapping[str, Json]) -> None:
        """Start the run, unless it is there."""

    def rerun(self, run_id: str) -> str:
        """Start a rerun of a run that has ended, and return its id."""


class Progress(Protocol):
    """Learns how a backfill goes on."""

    def say(self, text: str) -> None:
        """A sentence about it."""

    def ended(self, result: Result) -> None:
        """A slot is done with."""


class CloudBackfill:
    """``at_once``: how many runs are open at a time. Those that others have started are followed beside them."""

    def __init__(
        self,
        reader: Reader,
        starter: Starter,
        plan: Sequence[Planned],
        at_once: int,
        progress: Progress,
        look: float = LOOK,
    ) -> None:
        self._reader, self._starter, self._progress = reader, starter, progress
        self._at_once, self._look = at_once, look
        self._left = deque(one for one in plan if one.does in (Does.RUN, Does.RERUN))
        self._open = [(one, one.newest) for one in plan if one.does is Does.FOLLOW and one.newest is not None]
        self._stopped = threading.Event()

    @property
    def done(self) -> bool:
        return not self._left and not self._open

    def stop(self) -> None:
        """Start nothing any more, and look no further. May be called by a signal."""
        self._stopped.set()

    def go(self) -> None:
        """Start and follow, until every slot is done with or it is stopped."""
        while not self.done and not self._stopped.is_set():
            while self._left and len(self._open) < self._at_once and not self._stopped.is_set():
                self._start(self._left.popleft())
            self._open = [(one, run) for one, run in self._open if not self._over(one, run)]
            if self._open and (len(self._open) >= self._at_once or not self._left):
                self._stopped.wait(self._look)

    def _start(self, one: Planned) -> None:
        try:
            if one.does is Does.RERUN:
                run_id = self._starter.rerun(one.run_id)
            else:
                run_id = one.slot.run_id
                self._starter.start(run_id, one.slot.request.run(time.time()).params)
        except UsageError as error:
            self._progress.ended(Result(one.slot, None, str(error)))
            return
        run = self._reader.find_run(run_id)
        if run is None:
            raise StoreError(f"run '{run_id}' was started, and cannot be found")
        self._progress.say(f"{run.id}  started")
        self._open.append((one, run))

    def _over(self, one: Planned, run: Run) -> bool:
        """Whether a run has ended; then that is told."""
        now = self._reader.get_run(run.key)
        if now is not None and now.status is RunStatus.RUNNING:
            return False
        said = "" if now is not None else f"run '{run.id}' has been deleted meanwhile"
        self._progress.ended(Result(one.slot, now, said))
        return True
