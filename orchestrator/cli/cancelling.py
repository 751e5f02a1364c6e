"""Cancels a run of this machine that no process drives: stops what still runs, and drives it to its end."""

import time
from dataclasses import dataclass

from orchestrator.cli.interrupt import interruptible
from orchestrator.core.messages import SIGNAL, Check
from orchestrator.core.model import Run, Status
from orchestrator.home import Home
from orchestrator.local import PATIENCE, Loop
from orchestrator.wiring import Embedded, embedded

#: Seconds between two looks at jobs that were asked to stop.
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was done: steps settled, jobs asked to stop. ``run``: as it stands now; ``left``: jobs that still run."""

    run: Run
    settled: int
    asked: int
    left: int


def cancel_here(home: Home, run: Run) -> Cancelled:
    """Cancel a run, and see it and its jobs end unless Ctrl-C comes first. The caller holds the run."""
    world = embedded(home, 1, simulate=True)
    try:
        cancelling = _Cancelling(world, run.key)
        with interruptible(cancelling.stop):
            cancelling.go()
        now = world.store.get_run(run.key) or run
        return Cancelled(now, cancelling.settled, cancelling.asked, len(cancelling.jobs()))
    finally:
        world.database.close()


class _Cancelling:
    """One run on its way to its end."""

    def __init__(self, world: Embedded, key: str) -> None:
        self._world = world
        self._key = key
        self._again = 0.0
        self._stopped = False
        self._loop = Loop(world, [key], 1, self._ask)
        self.settled = self.asked = 0

    def stop(self) -> None:
        self._stopped = True
        self._loop.stop()

    def go(self) -> None:
        self._look()  # jobs that vanished with the process that drove the run: their steps would run again
        self._ask()
        self._loop.recover()
        self._loop.drive()
        while not self._stopped and self.jobs():  # a run ends with its last steps, and jobs before them may still run
            self._ask()
            time.sleep(_LOOK)
            self._look()

    def jobs(self) -> list[Check]:
        """A look at every job that is running."""
        states = self._world.store.load_all(self._key).states
        running = [(node, state) for node, state in states.items() if state.status is Status.RUNNING]
        return [Check(self._key, node, state.attempt, SIGNAL) for node, state in running]

    def _look(self) -> None:
        for look in self.jobs():
            self._world.engine.perform(look)

    def _ask(self) -> None:
        """Jobs that have not ended after a while are asked again, which insists; and so is what has come since."""
        if time.monotonic() >= self._again:
            settled, asked = self._world.engine.cancel(self._key, f"{time.time_ns():x}")
            self.settled, self.asked = self.settled + settled, max(self.asked, asked)
            self._again = time.monotonic() + PATIENCE
