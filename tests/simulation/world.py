"""A world: the real engine on several machines at once, over ports that fail, by one seed. Its traffic: traffic.py."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from orchestrator.core.model import Outcome, Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.engine import Engine
from orchestrator.errors import LaunchRefusedError, OrchestratorError
from orchestrator.jobs.scripted import Script, ScriptedBackend, ScriptedJob
from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import JobBackend, JobRequest
from orchestrator.stores.memory import MemoryStore
from tests.simulation.graphs import random_scenario
from tests.simulation.loop import START, Loop
from tests.simulation.operator import Operator
from tests.simulation.oracle import endings
from tests.simulation.ports import ShakyBackend, ShakyQueue, ShakyStore, struck, struck_within
from tests.simulation.real import real_scenario
from tests.simulation.scenario import Fate, Scenario
from tests.simulation.services import ActiveNames
from tests.simulation.traffic import Traffic
from tests.simulation.watch import Watch
from tests.simulation.weather import WITHIN, Weather, draw

T = TypeVar("T")

_OUTCOMES = {
    Fate.SUCCEEDS: Outcome.SUCCEEDED,
    Fate.HANGS: Outcome.SUCCEEDED,
    Fate.FAILS: Outcome.FAILED,
    Fate.IS_CANCELLED: Outcome.CANCELLED,
    Fate.IS_INTERRUPTED: Outcome.INTERRUPTED,
}

MACHINES = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a world. ``seconds``: of its own time. ``turns``: how often something happened in it."""

    failures: Sequence[str]
    fates: Counter[str]
    steps: int
    turns: int
    seconds: float


class World:
    """One run of one scenario in one weather. ``trace`` takes a line a turn, if there is one."""

    def __init__(self, scenario: Scenario, weather: Weather, random: Random, trace: list[str] | None = None) -> None:
        self.scenario = scenario
        self.weather = weather
        self.random = random
        self.fates: Counter[str] = Counter()
        self.loop = Loop(random, trace)
        self.plan = scenario.compiled()
        self.run = Run("a run", run_key("a run"), scenario.name, "1", scenario.params, START)
        self.memory = MemoryStore()
        self.watch = Watch(scenario, self.plan, self.memory, self.run.key, lambda: self.loop.now, weather.lease > 0)
        self.service = self._service()
        self.traffic = Traffic(self)
        self.operator = Operator(self)
        self.machines = [self.machine() for _ in range(MACHINES)]
        self._lags: dict[str, float] = {}

    @property
    def now(self) -> float:
        return self.loop.now

    def machine(self) -> Engine:
        """A process that has just begun, with a clock of its own and an engine that remembers nothing."""
        wrong = self.random.uniform(-self.weather.skew, self.weather.skew)
        wait: JobBackend = WaitBackend(lambda: self.loop.now)
        backends = {"job": ShakyBackend(self, self.service), "wait": wait}
        store, queue = ShakyStore(self, self.memory), ShakyQueue(self)
        return Engine(store, queue, backends, lambda: self.loop.now + wrong, launch_lease=self.weather.lease)

    def _service(self) -> ScriptedBackend:
        def clock() -> float:
            return self.loop.now

        if self.weather.unique:
            return ScriptedBackend(self._write, clock)
        return ActiveNames(self._write, clock, self.weather.unlisted)

    def play(self) -> Result:
        """Let it all happen, until nothing is left to happen or something is wrong."""
        last_second, last_turn = START + self._patience(), 20_000 + 2_000 * len(self.plan.steps)
        turns = 0
        self.traffic.begin()
        self.operator.begin()
        while not self.watch.look() and self.loop.turn():
            turns += 1
            if turns > last_turn or (self.now > last_second and self.watch.status is RunStatus.RUNNING):
                self.watch.failures.append(f"no end after {turns} turns and {self.now - START:.0f} s")
        if not self.watch.failures:
            self._judge()
        self.loop.stop()
        self.traffic.close()
        self.fates["delivery: out of time"] += self.loop.out_of_time
        return Result(self.watch.failures, self.fates, len(self.plan.steps), turns, self.now - START)

    def count(self, fate: str) -> None:
        """Something went wrong, as it should."""
        self.fates[fate] += 1
        self.loop.say(f"          {fate}")

    def call(
        self,
        verb: str,
        act: Callable[[], T],
        error: type[OrchestratorError],
        some: Callable[[], object] | None = None,
    ) -> T:
        """A handler's call of a port: others have a turn first, and then it may go wrong."""
        slow = self.weather.slow if verb == "launch" else 0.0
        self.loop.pause(verb, self._stall() + self.random.random() * slow)
        fate = self.weather.strikes(self.random, verb)
        if fate is None:
            result = act()
        else:
            self.count(f"{verb}: {fate}")
            result = struck(fate, act, error, some)
        if stall := self._stall():
            self.loop.pause(f"{verb} answers", stall)
        return result

    def within(self) -> None:
        """A handler is between the read and the write of a commit."""
        self.loop.pause("transact writes", self._stall())
        if self.random.random() < self.weather.call / 3:
            fate = self.random.choice(WITHIN)
            self.count(f"within transact: {fate}")
            struck_within(fate)

    def lag(self, job: str) -> float:
        """For how long a job is called running after its end."""
        if job not in self._lags:
            self._lags[job] = self.random.choice([0.0, self.random.uniform(0.0, self.weather.lag)])
        return self._lags[job]

    def created(self, request: JobRequest, job: str) -> None:
        """A job was made outside: its end will be heard of."""
        self.watch.created(request, job)
        end = self.service.jobs[job].end
        if self.scenario.attempt(request.step, request.attempt).fate is not Fate.HANGS:
            self.traffic.announce(request.name, end)

    def _write(self, request: JobRequest) -> Script:
        """What a job will do, once it is launched as it should be."""
        if request.step in self.scenario.reads:
            given = endings(self.scenario)[self.scenario.reads[request.step]].outputs
            if (given is None or request.spec != {"n": given["n"]}) and request.node not in self.watch.touched:
                self.watch.failures.append(f"{request.name}: launched with {request.spec}, not with {given}")
        attempt = self.scenario.attempt(request.step, request.attempt)
        if attempt.fate is Fate.IS_REFUSED:
            raise LaunchRefusedError("wrong parameters")
        outputs = attempt.outputs if attempt.fate is Fate.SUCCEEDS else None
        stopping = attempt.deaf, attempt.stopped, attempt.live
        return Script(attempt.seconds, _OUTCOMES[attempt.fate], outputs, None, *stopping)

    def _stall(self) -> float:
        return self.random.expovariate(0.2) if self.random.random() < self.weather.stall else 0.0

    def _over(self, job: ScriptedJob) -> float:
        """When a job of a run that was cancelled must be gone: teardowns are left alone."""
        return job.end if self.plan.steps[job.request.node].teardown else job.over

    def _patience(self) -> float:
        """Seconds within which the run must have ended, whatever happens."""
        attempts = sum(len(attempts) for attempts in self.scenario.attempts.values())
        return 86_400.0 + 7_200.0 * attempts

    def _judge(self) -> None:
        self.watch.judge(in_time=self.weather.is_calm)
        run = self.memory.get_run(self.run.key)
        cancelled = run is not None and run.stop is not None
        left = [job for job, it in self.service.jobs.items() if (self._over(it) if cancelled else it.end) > self.now]
        self.watch.failures += (f"{job}: still running when all is over" for job in left)


def simulate(seed: int, trace: list[str] | None = None, dag: str | None = None) -> Result:
    """The world of a seed: of a random graph, unless a real one is named."""
    random = Random(seed)
    scenario = real_scenario(dag, random) if dag else random_scenario(random)
    return World(scenario, draw(random), random, trace).play()
