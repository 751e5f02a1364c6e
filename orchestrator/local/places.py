"""Sees to the pools of the embedded form, where several processes share a home, and any of them may be killed.

In the cloud, whoever frees a place wakes the next. Here nobody handles the end of a job whose run no process drives any
more. So whoever waits for a place looks about once a second who has them. If a job is over and no process drives its
run, its end is recorded, as 'orchestrator resume' would do it: that frees its place. What still runs keeps its place.
"""

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.messages import SWEEP, Check, Launch
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.pools import graph_with, pool_of_graph
from orchestrator.engine.pool_line import look
from orchestrator.engine.pool_mending import mend
from orchestrator.engine.runs_inside import inside, nesting
from orchestrator.errors import InUseError
from orchestrator.local.wiring import Embedded
from orchestrator.ports import Occupant

#: Seconds between two looks.
PERIOD = 1.0


class Places:
    """Looks after the pools for one loop."""

    def __init__(self, world: Embedded, runs: Callable[[], Collection[str]] = tuple) -> None:
        self._world = world
        self._runs = runs
        self._next = 0.0
        world.engine.ledger.reap = self.reap

    def look(self) -> None:
        """If some wait for a place, wake those whose turn it is, or free places of what is over. Call this often."""
        now = self._world.clock()
        if now < self._next:
            return
        self._next = now + PERIOD
        ledger, by = self._world.engine.ledger, f"{time.time_ns():x}"
        for pool, size, run in self._pools():
            seen = self._world.store.pool(pool, size, 1)
            if seen.first:
                look(ledger.store, ledger.queue, pool, size, by)
            elif not seen.free and self._world.store.standing(pool)[1]:
                self.reap(pool)
                mend(ledger, pool, by, run)

    def reap(self, pool: str) -> None:
        """Free the places of a full pool that no process sees to any more, as far as what has them is over."""
        for occupant in self._world.store.occupants(pool):
            self._reap(occupant)

    def _pools(self) -> Iterator[tuple[str, int, str]]:
        """Those in which others may have places: with its size, and the run, if it is that of its graph."""
        ledger = self._world.engine.ledger
        yield from ((pool, size, "") for pool, size in ledger.pools.items())
        for key in self._runs():
            run = ledger.known(key).run
            if run.active_limit is not None:
                yield pool_of_graph(run.graph), run.active_limit, key

    def _reap(self, occupant: Occupant) -> None:
        """Record the end of what has a place, if it is over and no process drives its run."""
        run = self._world.store.get_run(occupant.run)
        if run is None or run.status is not RunStatus.RUNNING or self._world.home.driven(run.top):
            return None
        try:
            with self._world.home.driving(run.top):
                if graph_with(occupant.place.pool) is not None:
                    return self._withdraw(run, occupant.node)
                state = self._world.store.load(run.key, (occupant.node,), ()).state(occupant.node)
                if state.status.active and not self._goes_on(run, occupant.node, state):
                    self._record(run, occupant.node, state)
        except InUseError:
            return None  # somebody resumes it at this moment, and so sees to it

    def _withdraw(self, run: Run, end: int) -> None:
        """Take its place among the active runs from a run that no process drives, unless a job of it still runs.

        When it is resumed, it waits for a place again. None of its steps may have one in another pool meanwhile: the
        run that is active instead may wait for just that.
        """
        known = self._world.engine.ledger.known
        active = [one for key in (run.key, *inside(self._world.engine.ledger, run.key)) for one in self._active(key)]
        if any(self._goes_on(known(key).run, node, state) for key, node, state in active):
            return
        for key, node, state in active:
            self._record(known(key).run, node, state)
        if any(found for key in {key for key, *_ in active} for found in self._active(key)):
            return  # of some only the launch is recorded yet: the next look does the rest
        over = JobEnd(Outcome.INTERRUPTED, self._world.clock(), interruption=Interruption.ASKED)
        view, engine = self._world.store.load_all(run.key, outputs=False), self._world.engine
        engine.ledger.handle(known(run.key), end, JobEnded(view.state(end).attempt, over))

    def _active(self, key: str) -> list[tuple[str, int, StepState]]:
        """The steps of a run that are active, but those whose jobs are runs: these go on as long as one inside does."""
        plan = self._world.engine.ledger.known(key).plan
        states = self._world.store.load_all(key, outputs=False).states
        runs = nesting(plan)
        return [(key, n, states[n]) for n in states if states[n].status.active and n != plan.end and n not in runs]

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
