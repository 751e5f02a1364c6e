"""An embedded world: one run on a machine, driven by one driver after the other until it ends."""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random

from orchestrator.core.invariants import Inspector
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import parse_job_name, run_key
from orchestrator.home.database import Database
from orchestrator.operations.audit.why_left import why_left
from orchestrator.ports import JobRequest
from orchestrator.stores.sqlite.store import SqliteStore
from tests.simulation.embedded.driver import Driver
from tests.simulation.embedded.jobs import MAX_VANISHED, Process
from tests.simulation.embedded.luck import Luck
from tests.simulation.embedded.machine import Machine
from tests.simulation.embedded.people import People
from tests.simulation.graphs import IMPATIENT
from tests.simulation.loop import START, Crash
from tests.simulation.oracle import endings, longest, run_fails
from tests.simulation.scenario import Attempt, Scenario

#: The most drivers of one run.
MAX_DRIVERS = 60

#: The most drivers that are killed at a line.
MAX_KILLS = 5


class World:
    """One run of one scenario, driven by as many drivers as it needs. ``run``: its id."""

    def __init__(
        self,
        given: Scenario,
        luck: Luck,
        random: Random,
        machine: Machine,
        people: Random | None = None,
        run: str = "a-run",
    ) -> None:
        self.scenario, self.luck, self.random, self.machine = given, luck, random, machine
        self.plan = given.compiled(run)
        self.home, self.processes = machine.home, machine.processes
        self.before = Inspector(self.plan).before
        self.followed: set[int] = set()  # the steps of which a step behind them has begun
        self.run = Run(run, run_key(run), given.name, self.plan.version, given.params, START)
        machine.worlds[self.run.key] = self
        self.faults: Counter[str] = Counter()
        self.failures: list[str] = []
        self.wrong = 0.0
        self.driver: Driver | None = None
        self.drivers = 0
        self.held = 0.0  # seconds for which people may have held something
        self.people = People(self, people) if people is not None else None
        self.full = 0.0  # seconds for which there was no disk, and what they may cost besides
        self.begins_at = START
        self._begin = 0.0
        self.parallel = 200 if luck.delays_nothing else random.choice([1, 4, 200])
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    @property
    def now(self) -> float:
        return self.machine.now

    def play(self) -> list[str]:
        """Drive the run until it ends, or is found to be wrong."""
        while self.drivers < MAX_DRIVERS and not self.failures:
            self.drivers += 1
            if self._driven():
                self._judge()
                return self.failures
            nobody = self.random.choice([0.0, 10.0, 1000.0] if self.machine.alone else [10.0, 1000.0, 3000.0])
            self.full += nobody  # where the disk ended the driver
            self.machine.wait(self, self.now + nobody)
            self._restart()
        return self.failures or [f"{MAX_DRIVERS} drivers did not bring it to its end"]

    def _driven(self) -> bool:
        """Whether a driver brought the run to its end."""
        driver = self.driver = Driver(self, lucky=self.drivers > MAX_KILLS)
        try:
            with self.machine.driving(self):
                if driver.drive():
                    return True
            self.count("driver: interrupted")
        except Crash:
            self.count("driver: killed")
        except Exception as error:  # noqa: BLE001 - whatever it is, no driver may raise it
            self.failures.append(f"the driver gave up: {type(error).__name__}: {error}")
        finally:
            self.driver = None
            driver.close()
            self._audit()
        return False

    def _audit(self) -> None:
        """Of the processes that run now, an audit finds those whose run has ended, and no others."""
        running = {process.request.name for process in self.own if process.end > self.now}
        database = Database(self.home.database)
        store = SqliteStore(database)
        refs = {name: ref for name in running if (ref := parse_job_name(name)) is not None}
        left = {name: why for name, ref in refs.items() if (why := why_left(store, ref))}
        run = store.get_run(self.run.key)
        database.close()
        if left.keys() != (running if run is None or run.status is not RunStatus.RUNNING else set()):
            self.failures.append(f"of {sorted(running)} the audit finds {left}")

    def count(self, fault: str) -> None:
        self.faults[fault] += 1

    def at(self, when: float, action: Callable[[], None]) -> None:
        heappush(self._timers, (when, next(self._numbers), action))

    def forget(self) -> None:
        """A driver is gone: nobody waits any more, and what was called in its threads has come to nothing."""
        self._timers.clear()
        for process in self.own:
            if process.function and process.end > self.now:
                process.end = self.now

    @property
    def own(self) -> list[Process]:
        """The commands and functions of the run."""
        return [process for process in self.processes.values() if process.request.run.key == self.run.key]

    def pass_time(self, until: float) -> None:
        """Time passes, at most until then, or until something happens."""
        self.machine.wait(self, min(until, self._timers[0][0]) if self._timers else until)
        while self._timers and self._timers[0][0] <= self.now:
            heappop(self._timers)[2]()

    def script(self, request: JobRequest, interruptions: int) -> Attempt:
        """What the outside does with an attempt. All interruptions are of our making, so they do not count."""
        return self.scenario.attempt(request.step, request.attempt - interruptions)

    def folder(self, request: JobRequest) -> Path:
        """The folder of an attempt."""
        return self.home.attempt(request.run.id, request.node, request.step, request.attempt)

    def lasts(self, attempt: Attempt) -> float:
        """When an attempt that begins now ends."""
        end = self.now + attempt.seconds
        return end if not self.luck.together else START + 100.0 * (1 + (end - START) // 100.0)

    def begins(self, request: JobRequest) -> None:
        """A job begins: no other of its step may be there, and none of this attempt may have been."""
        for other in self.own:
            if other.request.node == request.node and other.end > self.now:
                self.failures.append(f"{request.name} begins beside {other.request.name}")
        if request.node in self.followed:
            self.failures.append(f"{request.name} begins, and what comes after it has begun")
        for node in self.before[request.node] if self.plan.steps[request.node].trigger not in IMPATIENT else ():
            if self.plan.steps[node].trigger not in IMPATIENT:
                self.followed.add(node)
        known = endings(self.scenario).get(self.scenario.reads.get(request.step, ""))
        if known is not None and request.spec != {"n": (known.outputs or {}).get("n")}:
            self.failures.append(f"{request.name}: launched with {request.spec}, not with {known.outputs}")
        self.machine.begins(self, request)

    def _restart(self) -> None:
        """The machine may have gone down with the driver, with all that ran on it; its clock may have been set."""
        if self.random.random() < self.luck.restarts:
            self.count("machine: restarted")
            self.machine.restart(self)
        if self.random.random() < self.luck.sets * 10:
            self.set_clock()
        self.wrong = self._begin = min(self.wrong, self._begin)  # set forward, what ran for a moment ran for an hour

    def set_clock(self) -> None:
        jump = self.random.choice([-3600.0, -60.0, 60.0, 3600.0])
        self.wrong += jump
        self.count("clock: set back" if jump < 0 else "clock: set forward")

    def _judge(self) -> None:
        database = Database(self.home.database)
        store = SqliteStore(database)
        run, view = store.get_run(self.run.key), store.load_all(self.run.key)
        database.close()
        self.failures += Inspector(self.plan).violations(view)
        known = endings(self.scenario)
        for number, step in enumerate(self.plan.steps):
            state, wanted = view.state(number), known[step.name]
            came = (str(state.status), state.attempt - state.interruptions, state.cause, state.outputs)
            expected = (wanted.status, wanted.attempts, wanted.cause, wanted.outputs)
            if came != expected:
                self.failures.append(f"{step.name}: expected {expected}, got {came}")
            if state.interruptions >= self.drivers + MAX_VANISHED:
                self.failures.append(f"{step.name}: was interrupted {state.interruptions} times")
        most = longest(self.scenario, known) + self.full + self.held
        if (
            self.luck.delays_nothing
            and self.machine.alone
            and run
            and run.ended_at
            and run.ended_at > run.started_at + most
        ):
            took = f"{run.ended_at - run.started_at:.0f} s"
            self.failures.append(f"the run ended after {took}, and nothing kept it for more than {most:.0f} s")
        status = RunStatus.FAILED if run_fails(self.scenario, known) else RunStatus.SUCCEEDED
        if run is None or run.status is not status:
            self.failures.append(f"the run: expected {status}, got {run and run.status}")
        self.failures += [f"{process.request.name} still runs" for process in self.own if process.end > self.now]
