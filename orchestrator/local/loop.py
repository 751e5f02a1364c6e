"""The loop of the embedded form: delivers due tasks, as Cloud Tasks does, and learns that jobs have ended.

It keeps no state of its own: if it is killed, the next loop finds everything in the database.
"""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from queue import Empty

from orchestrator.core.messages import SIGNAL, Check, Finish
from orchestrator.core.model import RunStatus, Status
from orchestrator.core.names import parse_job_name
from orchestrator.engine.runs_inside import inside
from orchestrator.errors import OrchestratorError, StoreError, StoreShortError
from orchestrator.local.places import Places
from orchestrator.local.wiring import Embedded
from orchestrator.ports import CHECKS, LAUNCHES, Task
from orchestrator.queues.local import Delivery

#: How many tasks are taken at a time. One commit serves them all.
BATCH = 64

#: Seconds after which ``tick`` is called again even if nothing happens.
TICK = 0.1

#: Seconds that jobs have to end after they were asked to stop, before they are killed.
TIMEOUT = 5.0

#: Seconds between two sweeps of runs that rest.
REST = 60.0

#: How many times such jobs are killed before they are left alone.
MAX_INSISTS = 3

#: The most seconds between two tries to record something while the disk is full or memory is short.
PAUSE = 10.0

#: What is said of a shortage, once until it is over.
CANNOT_WRITE = "cannot write to the database now, and tries again until it can"


class Loop:
    """Drives ``runs`` (their keys), and those that are added, until all have ended, or until it is told to stop.

    ``parallel``: how many jobs run at once. ``tick`` is called in this thread about ten times a second.
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
        self._doubts: set[str] = set()
        self._heard: list[str | None] = []
        self._broken_off = False
        self._resting: int | None = None
        self._next_sweep = 0.0
        self._places = Places(world, lambda: list(self._open))
        self._limited = bool(world.engine.ledger.pools)
        self.warnings: list[str] = []

    def stop(self) -> None:
        """Make ``drive`` return soon; jobs keep running. May be called by any thread or signal handler."""
        self._stop.set()
        self._world.ended.put(None)

    @property
    def runs(self) -> Collection[str]:
        """The runs that have not ended yet."""
        return self._open

    def add(self, run: str) -> None:
        """Drive this run too. ``tick`` may call it."""
        self._open.add(run)
        self._is_running(run)

    def recover(self) -> None:
        """Take over from a loop that died: make its leased tasks due, and pay everything owed again."""
        for run in list(self._open):
            self.take_over(run)

    def take_over(self, run: str) -> None:
        """Take one run over from a loop that died, with those inside it, and drive it. ``tick`` may call it."""
        for key in [run, *inside(self._world.engine.ledger, run)]:
            self._world.clock.not_before(self.last_seen(key))
            self._world.queue.release(key, self._world.clock())
            self._sweep(key)
            self._open.add(key)

    def drive(self) -> bool:
        """Deliver until every run has ended (True) or ``stop`` is called (False).

        A shortage, such as a full disk, is reported once and waited out; a later turn does what this one could not.
        """
        self._open = {run for run in self._open if self._is_running(run)}
        pause = TICK
        while self._open and not self._stop.is_set():
            try:
                worked = self._turn()
                if self._limited:
                    self._places.look()
                self._tick()
                if self._open and not worked:
                    self._wait(self._quiet())
                pause = TICK
            except StoreShortError as error:
                if pause == TICK:
                    self._warn(CANNOT_WRITE, error)
                self._tick()
                self._listen(pause)
                pause = min(2 * pause, PAUSE)
        return not self._open

    def end_jobs(self) -> None:
        """Stop the processes of the runs, wait for them, and record that: the next loop runs them again.

        What cannot be killed, such as a process that waits for a lost disk, is left alone in the end.
        """
        self._world.processes.stop_all()
        deadline, insists = time.monotonic() + TIMEOUT, MAX_INSISTS
        while self._world.processes.running:
            with suppress(StoreShortError):  # a later sweep does it
                self._wait(TICK)
                self._hear(self._listened())
            self._tick()
            if time.monotonic() > deadline:
                if not insists:
                    return
                insists -= 1
                self._world.processes.stop_all()
                deadline = time.monotonic() + TIMEOUT
        for run in self._open:
            self._sweep(run)
        while self._deliver(CHECKS, BATCH):
            self._tick()

    def await_functions(self) -> None:
        """Wait for the functions that are called in threads of this process, and record their ends; begin nothing."""
        while self._world.functions.running:
            with suppress(StoreShortError):  # a later sweep does it
                self._wait(TICK)
                self._hear(self._listened())
            self._tick()

    def _turn(self) -> int:
        """Do everything that is due now, in one transaction. Returns how many checks and tasks that were.

        No step may begin before the ends of its predecessors are on disk: a python step's thread gets its work after
        the commit (``Database.afterwards``), and a process is started only after a commit of its own (``Settled``).
        """
        if self._broken_off:
            self._take_back()
        if not self._heard and self._world.ended.empty() and not self._may_be_due(self._world.clock()):
            return 0
        heard, unfinished = self._listened(), set(self._open)
        try:
            with self._world.database.transaction:
                done = self._hear(heard) + self._deliver(CHECKS, BATCH)
                return done + self._deliver(LAUNCHES, min(self._parallel - self._world.running, BATCH))
        except BaseException:
            self._heard, self._open, self._broken_off = heard, unfinished, True  # nothing of this turn is on disk
            raise

    def _take_back(self) -> None:
        """Make due again the tasks that a lost turn had leased, as far as a commit of ``Settled`` had recorded that."""
        with self._world.database.transaction:
            for run in self._open:
                self._world.queue.release(run, self._world.clock())
        self._broken_off = False

    def _wait(self, seconds: float) -> None:
        """Wait until a job is reported to have ended, at most ``seconds``; then look for commits of others."""
        if not self._listen(seconds):
            self._world.database.changed()

    def _listen(self, seconds: float) -> bool:
        """Whether, within ``seconds``, a job is reported to have ended or ``stop`` is called."""
        try:
            self._heard.append(self._world.ended.get(timeout=seconds))
        except Empty:
            return False
        return True

    def _listened(self) -> list[str | None]:
        """The names of jobs that are reported to have ended, at most ``BATCH`` of them."""
        heard, self._heard = self._heard, []
        while len(heard) < BATCH and not self._world.ended.empty():  # only this thread takes names from it
            heard.append(self._world.ended.get_nowait())
        return heard

    def _hear(self, heard: list[str | None]) -> int:
        """Check the jobs that are reported to have ended. No delay is needed here: the exit status is there already."""
        refs = [ref for name in heard if name is not None and (ref := parse_job_name(name))]
        checks = [Check(ref.run, ref.node, ref.attempt, SIGNAL) for ref in refs if ref.run in self._open]
        if checks:
            with self._world.database.transaction:
                for check in checks:
                    self._check(check)
        return len(checks)

    def _may_be_due(self, now: float) -> bool:
        return self._world.queue.is_due(self._open, self._queues(), now)

    def _queues(self) -> Collection[str]:
        """The queues from which tasks may be taken now."""
        return (CHECKS, LAUNCHES) if self._world.running < self._parallel else (CHECKS,)

    def _check(self, check: Check) -> None:
        try:
            self._world.engine.perform(check)
        except StoreShortError:
            raise
        except Exception as error:  # noqa: BLE001  as in _perform
            self._warn(check.name, error)
            self._world.queue.put([Task(check.name, CHECKS, check)])

    def _deliver(self, queue: str, most: int) -> int:
        """Perform a batch of due tasks in one transaction. If it is lost, they are delivered again."""
        found = self._world.queue.lease(self._open, queue, self._world.clock(), most)
        if found:
            with self._world.database.transaction:
                self._world.queue.acknowledge([delivery for delivery in found if self._perform(delivery)])
                if self._world.opened:
                    self._drive_opened()
        return len(found)

    def _drive_opened(self) -> None:
        """Drive the runs inside others that were just opened. If the transaction is lost, so are they."""
        self._open.update(key for key in self._world.opened if self._is_running(key))
        self._world.opened.clear()

    def _perform(self, delivery: Delivery) -> bool:
        try:
            self._world.engine.perform(delivery.effect)
        except StoreShortError:  # the transaction's error, not a step's
            raise
        except Exception as error:  # noqa: BLE001  an unforeseen error in one step must not stop the others
            self._warn(delivery.name, error)
            self._world.queue.retry(delivery, self._world.clock(), str(error))
            return False
        if isinstance(delivery.effect, Finish) and not self._is_running(delivery.effect.run):
            self._open.discard(delivery.effect.run)
            self._world.queue.forget(delivery.effect.run)
        return True

    def _warn(self, name: str, error: Exception) -> None:
        expected = isinstance(error, OrchestratorError)
        self.warnings.append(f"{name}: {error}" if expected else f"{name}: unexpected: {type(error).__name__}: {error}")

    def _quiet(self) -> float:
        """Seconds until the next task is due. If there is nothing to wait for, a task was lost: sweep the runs."""
        if self._world.running and not self._may_be_due(self._world.clock() + TICK):
            return TICK
        due = self._world.queue.next_due(self._open, self._queues())
        if due is None and not self._world.running and not self._rests():
            if self._doubts:
                raise StoreError(
                    "the run cannot go on, because its records contradict each other (see 'orchestrator verify'): "
                    + "; ".join(sorted(self._doubts))
                )
            raise StoreError(f"nothing is owed, and yet {len(self._open)} runs have not ended: this is a bug")
        return TICK if due is None else min(TICK, max(0.001, due - self._world.clock()))

    def _rests(self) -> bool:
        """Whether there is nothing to do until people release steps, or places become free, or a sweep found some.

        What waits in line is owed all the time, so a sweep finds it again and again: while the runs rest, one a minute
        is enough.
        """
        seen, now = self._world.database.foreign, self._world.clock()
        if self._resting == seen and now < self._next_sweep:
            return True
        states = (
            state for run in self._open for state in self._world.store.load_all(run, outputs=False).states.values()
        )
        rests = any(
            state.status is Status.NEEDS_ATTENTION
            or state.waits is not None
            or (state.control is not None and bool(state.control.hold))
            for state in states
        )
        self._resting = seen if rests else None
        if rests and now < self._next_sweep:
            return True
        self._next_sweep = now + REST
        return sum(self._sweep(run) for run in self._open) > 0 or rests

    def last_seen(self, key: str) -> float:
        """The latest past time that is recorded in a run."""
        run, states = self._world.store.get_run(key), self._world.store.load_all(key, outputs=False).states.values()
        times = [time for state in states for time in (state.claimed_at, state.started_at, state.ended_at)]
        return max((time for time in times if time is not None), default=0.0 if run is None else run.started_at)

    def _sweep(self, run: str) -> int:
        self._sweeps += 1
        return self._world.engine.sweep(run, f"{time.time_ns():x}{self._sweeps}", doubtful=self._doubt)

    def _doubt(self, said: str) -> None:
        """Report a contradiction, each only once."""
        if said not in self._doubts:
            self._doubts.add(said)
            self.warnings.append(f"the records contradict each other: {said}")

    def _is_running(self, key: str) -> bool:
        run = self._world.store.get_run(key)
        self._limited |= run is not None and run.active_limit is not None
        return run is not None and run.status is RunStatus.RUNNING
