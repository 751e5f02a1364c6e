"""The embedded world's loop: plays Cloud Tasks (delivers due tasks) and the log sink (hears that a job ended).

It decides nothing: whatever it forgets when it is killed is in the database, and the next loop finds it there.
"""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from queue import Empty

from orchestrator.core.messages import SIGNAL, Check, Finish
from orchestrator.core.model import RunStatus
from orchestrator.core.names import parse_job_name
from orchestrator.errors import OrchestratorError, StoreError
from orchestrator.ports import CHECKS, LAUNCHES, Task
from orchestrator.queues.local import Delivery
from orchestrator.wiring import Embedded

#: Tasks taken at a time. One commit serves them all.
BATCH = 64

#: Seconds after which ``tick`` is called again though nothing happens.
TICK = 0.1

#: Seconds that stopped jobs get to end before they are killed.
PATIENCE = 5.0


class Loop:
    """Drives ``runs`` (their keys) until all have ended, or until it is told to stop.

    ``parallel``: jobs at once. ``tick`` is called in this thread ten times a second or so, to show what goes on.
    """

    def __init__(
        self, world: Embedded, runs: Collection[str], parallel: int, tick: Callable[[], None] = lambda: None
    ) -> None:
        self._world = world
        self._open = set(runs)
        self._parallel = parallel
        self._tick = tick
        self._stop = threading.Event()
        self._sweeps = 0
        self._heard: list[str | None] = []
        self.warnings: list[str] = []

    def stop(self) -> None:
        """Return soon, leaving jobs as they are. From any thread, or a signal handler."""
        self._stop.set()
        self._world.ended.put(None)

    def recover(self) -> None:
        """Take over from a loop that died: its leased tasks are due, and everything owed is paid again."""
        for run in self._open:
            self._world.queue.release(run, time.time())
            self._sweep(run)

    def drive(self) -> bool:
        """Deliver until every run has ended (True) or ``stop`` is called (False)."""
        self._open = {run for run in self._open if self._is_running(run)}
        while self._open and not self._stop.is_set():
            worked = self._turn()
            self._tick()
            if self._open and not worked:
                self._wait(self._quiet())
        return not self._open

    def end_jobs(self) -> None:
        """Stop the processes of the runs, wait for them and record it: they run again with the next loop."""
        self._world.processes.stop_all()
        deadline = time.monotonic() + PATIENCE
        while self._world.processes.running:
            self._wait(TICK)
            self._hear()
            self._tick()
            if time.monotonic() > deadline:
                self._world.processes.stop_all()
                deadline = time.monotonic() + PATIENCE
        for run in self._open:
            self._sweep(run)
        while self._deliver(CHECKS, BATCH):
            self._tick()

    def _turn(self) -> int:
        """All that is to be done now, in one transaction. How many looks and tasks that were.

        What an end makes possible must not begin before that end is on disk, and does not: a python step's thread gets
        its work after the commit (``Database.afterwards``), and a process waits for a commit of its own (``Settled``).
        """
        if not self._heard and self._world.ended.empty() and not self._may_be_due(time.time()):
            return 0
        with self._world.database.write():
            done = self._hear() + self._deliver(CHECKS, BATCH)
            return done + self._deliver(LAUNCHES, min(self._parallel - self._world.running, BATCH))

    def _wait(self, seconds: float) -> None:
        """Until a job is said to have ended, at most so many seconds."""
        try:
            self._heard.append(self._world.ended.get(timeout=seconds))
        except Empty:
            self._world.database.changed()

    def _hear(self) -> int:
        """Look at the jobs that are said to have ended: here no delay is needed, since the exit status is there."""
        heard, self._heard = self._heard, []
        with suppress(Empty):
            while len(heard) < BATCH:
                heard.append(self._world.ended.get_nowait())
        refs = [ref for name in heard if name is not None and (ref := parse_job_name(name))]
        looks = [Check(ref.run, ref.node, ref.attempt, SIGNAL) for ref in refs if ref.run in self._open]
        if looks:
            with self._world.database.write():
                for look in looks:
                    self._look(look)
        return len(looks)

    def _may_be_due(self, now: float) -> bool:
        return self._world.queue.is_due(self._open, self._lanes(), now)

    def _lanes(self) -> Collection[str]:
        """The lanes from which something may be taken now."""
        return (CHECKS, LAUNCHES) if self._world.running < self._parallel else (CHECKS,)

    def _look(self, look: Check) -> None:
        try:
            self._world.engine.perform(look)
        except Exception as error:  # noqa: BLE001  as in _perform
            self._warn(look.name, error)
            self._world.queue.put([Task(look.name, CHECKS, look)])

    def _deliver(self, lane: str, most: int) -> int:
        """Perform a batch of due tasks in one transaction. If it is lost, they are delivered again."""
        found = self._world.queue.lease(self._open, lane, time.time(), most)
        if found:
            with self._world.database.write():
                self._world.queue.acknowledge([delivery for delivery in found if self._perform(delivery)])
        return len(found)

    def _perform(self, delivery: Delivery) -> bool:
        try:
            self._world.engine.perform(delivery.effect)
        except Exception as error:  # noqa: BLE001  one step that nobody foresaw must not stop the others
            self._warn(delivery.name, error)
            self._world.queue.retry(delivery, time.time(), str(error))
            return False
        if isinstance(delivery.effect, Finish) and not self._is_running(delivery.effect.run):
            self._open.discard(delivery.effect.run)
            self._world.queue.forget(delivery.effect.run)
        return True

    def _warn(self, name: str, error: Exception) -> None:
        expected = isinstance(error, OrchestratorError)
        self.warnings.append(f"{name}: {error}" if expected else f"{name}: unexpected: {type(error).__name__}: {error}")

    def _quiet(self) -> float:
        """Seconds until a task falls due. If nothing is to be waited for, something was lost, and is swept up."""
        if self._world.running and not self._may_be_due(time.time() + TICK):
            return TICK
        due = self._world.queue.next_due(self._open, self._lanes())
        if due is None and not self._world.running and not sum(self._sweep(run) for run in self._open):
            raise StoreError(f"nothing is owed, and yet {len(self._open)} runs have not ended: this is a bug")
        return TICK if due is None else min(TICK, max(0.001, due - time.time()))

    def _sweep(self, run: str) -> int:
        self._sweeps += 1
        return self._world.engine.sweep(run, f"{time.time_ns():x}{self._sweeps}")

    def _is_running(self, key: str) -> bool:
        run = self._world.store.get_run(key)
        return run is not None and run.status is RunStatus.RUNNING
