"""Sees to the pools of the embedded form, where several processes share a home, and any of them may be killed.

In the cloud, whoever frees a place wakes the next. Here nobody handles the end of a job whose run no process drives any
more. So whoever waits for a place looks about once a second who has them. If a job is over and no process drives its
run, its end is recorded, as 'orchestrator resume' would do it: that frees its place. What still runs keeps its place.
"""

import time
from pathlib import Path

from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.messages import SWEEP, Check, Launch
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.engine.pool_line import look
from orchestrator.engine.pool_mending import mend
from orchestrator.errors import InUseError
from orchestrator.local.wiring import Embedded
from orchestrator.ports import Occupant

#: Seconds between two looks.
PERIOD = 1.0


class Places:
    """Looks after the pools for one loop."""

    def __init__(self, world: Embedded) -> None:
        self._world = world
        self._next = 0.0

    def look(self) -> None:
        """If some wait for a place, wake those whose turn it is, or free places of what is over. Call this often."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + PERIOD
        ledger, by = self._world.engine.ledger, f"{time.time_ns():x}"
        for pool, size in ledger.pools.items():
            seen = self._world.store.pool(pool, size, 1)
            if seen.first:
                look(ledger.store, ledger.queue, pool, size, by)
            elif not seen.free and self._world.store.standing(pool)[1]:
                for occupant in self._world.store.occupants(pool):
                    self._reap(occupant)
                mend(ledger, pool, by)

    def _reap(self, occupant: Occupant) -> None:
        """Record the end of what has a place, if it is over and no process drives its run."""
        run = self._world.store.get_run(occupant.run)
        if run is None or run.status is not RunStatus.RUNNING or self._world.home.driven(run.top):
            return
        try:
            with self._world.home.driving(run.top):
                state = self._world.store.load(run.key, (occupant.node,), ()).state(occupant.node)
                if state.status.active and not self._goes_on(run, occupant.node, state):
                    self._record(run, occupant.node, state)
        except InUseError:
            return  # somebody resumes it at this moment, and so sees to it

    def _goes_on(self, run: Run, node: int, state: StepState) -> bool:
        """Whether the job of an active attempt, whose process may be dead, has not ended."""
        if self._world.processes.is_left(self._folder(run, node, state)):
            return True
        try:
            return self._world.clock() < float(state.job or "-inf")  # a delay is its end, as a time
        except ValueError:
            return False

    def _folder(self, run: Run, node: int, state: StepState) -> Path:
        step = self._world.engine.ledger.known(run.key).plan.steps[node]
        return self._world.home.attempt(run.id, node, step.name, state.attempt)

    def _record(self, run: Run, node: int, state: StepState) -> None:
        engine = self._world.engine
        if state.status is Status.RUNNING:
            engine.perform(Check(run.key, node, state.attempt, f"{SWEEP}{time.time_ns():x}"))
        elif (self._folder(run, node, state) / "claim").exists():  # it was launched, and then its process died
            engine.perform(Launch(run.key, node, state.attempt))
        else:
            end = JobEnd(Outcome.INTERRUPTED, self._world.clock(), interruption=Interruption.ASKED)
            execution = engine.ledger.known(run.key)
            engine.ledger.handle(execution, node, JobEnded(state.attempt, end))
