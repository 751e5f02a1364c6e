"""A world: the real engine on several machines at once, with ports that fail, all by one seed. See also traffic.py."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from orchestrator.core.job_end import Outcome
from orchestrator.core.messages import Launch
from orchestrator.core.model import Run, StepState
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import LaunchRefusedError, OrchestratorError
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.handle import read_handle
from orchestrator.jobs.scripted import Script, ScriptedBackend, ScriptedJob
from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import JobBackend, JobRequest
from tests.doubles.memory_store import MemoryStore
from tests.simulation import deadlines
from tests.simulation.again import Again
from tests.simulation.attendant import Attendant, attended
from tests.simulation.auditor import Auditor
from tests.simulation.clocks import WrongClock
from tests.simulation.dataflow import Dataflow, DataflowJobs
from tests.simulation.graphs import random_scenario
from tests.simulation.hand import Hand
from tests.simulation.holder import Holder
from tests.simulation.kinds import is_of
from tests.simulation.life import Life
from tests.simulation.loop import START, Loop
from tests.simulation.operator import Operator
from tests.simulation.oracle import endings
from tests.simulation.pools import Pools, limited, pooled, taking_turns
from tests.simulation.pools import draw as draw_pools
from tests.simulation.ports import ShakyBackend, ShakyStore, struck, struck_within
from tests.simulation.real import real_scenario
from tests.simulation.receiver import Receiver, asked
from tests.simulation.rerun import rerun, watch_kept
from tests.simulation.retention import LoosePages
from tests.simulation.scenario import TOO_MUCH, Behaviour, Raises, Scenario
from tests.simulation.setter import Setter
from tests.simulation.threads import Threads
from tests.simulation.traffic import Traffic
from tests.simulation.versions import ports
from tests.simulation.watch import SKEW
from tests.simulation.weather import WITHIN, Weather, affordable, draw, threaded

if TYPE_CHECKING:
    from tests.simulation.firestore import Service

T = TypeVar("T")

#: The end of the name of a look for jobs that the attempt of a launch has besides its own.
_LATE = re.compile(r"-check-(\d+)-late-\d+$")

_OUTCOMES = {
    Behaviour.SUCCEEDS: Outcome.SUCCEEDED,
    Behaviour.HANGS: Outcome.SUCCEEDED,
    Behaviour.FAILS: Outcome.FAILED,
    Behaviour.IS_CANCELLED: Outcome.CANCELLED,
    Behaviour.IS_INTERRUPTED: Outcome.INTERRUPTED,
    Behaviour.LEAVES_TOO_MUCH: Outcome.SUCCEEDED,
}

MACHINES = 3

#: How many runs there are besides the first, and the most steps that each of them has.
BESIDES, OTHERS = (0, 0, 0, 0, 0, 0, 1, 1, 2), 10

#: Seconds after which a job that is one too many must have been stopped.
LONG = 600.0

#: For how many seconds a handler stands still, on average.
FREEZES = (60.0, 150.0, 600.0)

#: Seconds for which there is no quota, once it is used up.
STORM = 200.0

#: Seconds after the first run within which others begin.
MOMENTS = (0.0, 10.0, 300.0, 3000.0)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a world. ``seconds``: of its own time. ``turns``: how many turns its loop made."""

    failures: Sequence[str]
    faults: Counter[str]
    steps: int
    turns: int
    seconds: float

    def and_then(self, other: "Result") -> "Result":
        """What came of this world, and of one after it."""
        failures = [*self.failures, *(f"rerun: {failure}" for failure in other.failures)]
        turns, seconds = self.turns + other.turns, self.seconds + other.seconds
        return Result(failures, self.faults + other.faults, self.steps + other.steps, turns, seconds)


#: What comes of a world that nobody simulates.
NOTHING = Result((), Counter(), 0, 0, 0.0)


class World:
    """A run of each scenario in one weather, the first at once. ``trace`` takes a line a turn, if there is one.

    ``again``: what says whether an id is used again, and how. ``holds``: whether somebody holds something, and what.
    ``kept``: what the first run keeps of an earlier one. ``attends``: what those do who retry and mark steps.
    ``notifies``: whether runs notify receivers, and when these are down. ``audits``: when somebody looks for jobs that
    are left, and stops them. ``sets``: who sets limits, and to what.
    """

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        weather: Weather,
        random: Random,
        trace: list[str] | None = None,
        again: Random | None = None,
        holds: Random | None = None,
        kept: Mapping[int, StepState] = MappingProxyType({}),
        attends: Random | None = None,
        pools: Mapping[str, int] = MappingProxyType({}),
        notifies: Random | None = None,
        audits: Random | None = None,
        sets: Random | None = None,
    ) -> None:
        self.kept = kept
        self._notifies = notifies
        self.weather = weather
        self.random = random
        self.faults: Counter[str] = Counter()
        self.failures: list[str] = []
        self.loop = Loop(random, trace, weather.outlives)
        self.again = Again(self, again)
        self.memory = LoosePages() if self.again.happens else MemoryStore()
        self._firestore = self._service_of_firestore()
        self.lives = [self._life(number, scenario) for number, scenario in enumerate(scenarios)]
        self.pools = Pools(self, dict(pools))
        self.again.join(self.lives)
        self.service = self._service()
        for life in self.lives:
            life.watch.goes_on = self._goes_on
        self.traffic = Traffic(self)
        self.operator = Operator(self)
        self.holder = Holder(self, holds)
        self.setter = Setter(self, sets)
        self.attendant = Attendant(self, attends)
        self.receiver = Receiver(self, notifies)
        self.auditor = Auditor(self, audits)
        self.hand = Hand(self)
        self.threads = Threads(self)
        self.machines = [self.machine() for _ in range(1 if weather.threads else MACHINES)]
        self._lags: dict[str, float] = {}
        self.lost: set[str] = set()
        self.refused: set[str] = set()
        self._storms = [self.random.uniform(0.0, 3000.0) for _ in range(weather.storms)]

    @property
    def now(self) -> float:
        return self.loop.now

    @property
    def over(self) -> bool:
        """Whether all runs have ended."""
        return all(life.over for life in self.lives)

    def opened(self, run: Run) -> None:
        """A run was opened by somebody who wants to start it."""
        life = next(life for life in self.lives if life.plan.version == run.version)
        life.opened(run)
        self.again.opened(life)

    def committed(self, key: str, node: int, old: StepState, new: StepState) -> None:
        """A node's state was changed."""
        life = self.life(key)
        life.watch.committed(node, old, new)
        self.pools.committed(life, node, old, new)

    def life(self, key: str) -> Life:
        """The run with this key."""
        return next(life for life in self.lives if life.key == key)

    def machine(self) -> Engine:
        """A new process, with its own clock and an engine with empty caches."""
        jumps = (lambda: self.count("clock: jumps")) if self.weather.jumps else None
        clock = WrongClock(lambda: self.loop.now, self.weather.skew, jumps, self.random)
        wait: JobBackend = WaitBackend(lambda: self.loop.now)
        backends = {"job": self._jobs(), "wait": wait}
        store, queue = ports(self, self.store())
        lease, margin, kept = self.weather.lease, self.weather.margin, self.again.seconds
        told = self.threads.clock(clock)
        engine = Engine(
            Ledger(
                store,
                queue,
                backends,
                told,
                launch_lease=lease,
                launch_margin=margin,
                retention=kept,
                pools=self.pools.sizes,
                receivers=self.receiver,
            )
        )
        return self.threads.forgetful(engine)

    def store(self) -> ShakyStore:
        """The way of a machine to the store."""
        if self._firestore is None:
            return ShakyStore(self, self.memory)
        from tests.simulation.firestore import LateStore

        return LateStore(self, self._firestore)

    def expire(self, path: str, run_id: str) -> bool:
        """A document whose time is over is deleted, wherever it is. False if it is not there, or stays."""
        assert isinstance(self.memory, LoosePages)
        if self._firestore is not None and not self._firestore.expire(path, self.now):
            return False
        return self.memory.delete(path, run_id)

    def _service_of_firestore(self) -> "Service | None":
        """Google's client takes a second to be imported: only the worlds that need it pay that."""
        if not self.weather.firestore:
            return None
        from tests.simulation.firestore import begin

        return begin(self)

    def _life(self, number: int, scenario: Scenario) -> Life:
        begins = START + (self.random.choice(MOMENTS) * self.random.random() if number else 0.0)
        kept = {} if number else self.kept
        notify = asked(self._notifies)
        latest = self.weather.latest
        return Life(f"run-{number}", scenario, self.memory, lambda: self.loop.now, begins, latest, kept, notify)

    def _service(self) -> ScriptedBackend:
        def clock() -> float:
            return self.loop.now

        if self.weather.unique:
            return ScriptedBackend(self._write, clock)
        return Dataflow(self._write, clock)

    def _goes_on(self, job: str) -> bool:
        """Whether a job, as a step's state names it, has not ended outside."""
        name = read_handle(job).id if isinstance(self.service, Dataflow) else job
        return self.now < self.service.jobs[name].over

    def _jobs(self) -> JobBackend:
        service = self.service
        return DataflowJobs(self, service) if isinstance(service, Dataflow) else ShakyBackend(self, service)

    def play(self) -> Result:
        """Simulate until nothing is left to happen, or something is wrong."""
        steps = sum(len(life.plan.steps) for life in self.lives)
        try:
            looks = 100_000 * any(life.scenario.decisions for life in self.lives)  # of those who attend, for days
            most = 20_000 + 2_000 * steps + looks
            turns = self._happen(50 * most if self.weather.threads else most)  # there each statement is a turn
        finally:  # a mutant may have broken off
            self.loop.stop()
            self.threads.close()
            if self._firestore is not None:
                self._firestore.close()
            self.traffic.close()
        self.faults["delivery: out of time"] += self.loop.out_of_time
        self.faults["handler: outlives its request"] += self.loop.outlived
        return Result(self.failures, self.faults, steps, turns, self.now - START)

    def _happen(self, last_turn: int) -> int:
        """All of it, and its judgement; how many turns it took."""
        turns, last_second = 0, max(life.begins for life in self.lives) + sum(life.patience for life in self.lives)
        self.faults["run: beside others"] += len(self.lives) > 1
        conditions = [condition for life in self.lives for condition in life.scenario.conditions.values()]
        self.faults["expression: raises"] += Raises() in conditions
        self.threads.begin()
        self.traffic.begin()
        self.operator.begin()
        self.holder.begin()
        self.setter.begin()
        self.attendant.begin()
        self.hand.begin()
        self.auditor.begin()
        self.again.begin()
        while not self._look() and self.loop.turn():
            turns += 1
            if turns > last_turn or (self.now > last_second and not self.over):
                self.failures.append(f"no end after {turns} turns and {self.now - START:.0f} s")
        if not self.failures:
            self._judge()
        return turns

    def _look(self) -> list[str]:
        """Everything that was found wrong so far."""
        for life in self.lives:
            watch = life.watch
            if watch.changed or watch.failures:  # few turns change anything
                self.failures += watch.look()
                watch.failures.clear()
        return self.failures

    def count(self, fault: str) -> None:
        """Count an injected fault."""
        self.faults[fault] += 1
        self.loop.say(f"          {fault}")

    def call(
        self,
        verb: str,
        act: Callable[[], T],
        error: type[OrchestratorError],
        some: Callable[[], object] | None = None,
    ) -> T:
        """A handler's call of a port: other handlers run first, and then it may have a fault."""
        self.loop.pause(verb, self._stall())
        return self.strike(verb, act, error, some)

    def strike(
        self,
        verb: str,
        act: Callable[[], T],
        error: type[OrchestratorError],
        some: Callable[[], object] | None = None,
    ) -> T:
        """Make a call that may have a fault."""
        fault = self.weather.strikes(self.random, verb)
        if fault is None:
            result = act()
        else:
            self.count(f"{verb}: {fault}")
            result = struck(fault, act, error, some)
        if stall := self._stall():
            self.loop.pause(f"{verb} answers", stall)
        return result

    def send(self, request: JobRequest) -> None:
        """A launch is on its way. Where its sender stands still now, no clock and no claim can know."""
        slow = self.random.random() * self.weather.slow
        if self.random.random() < 10 * self.weather.frozen:
            self.count("launch: frozen on the way")
            self.life(request.run.key).watch.excuse(request)
            slow = self.random.expovariate(1 / 600)
        if slow:
            self.loop.pause("launch is on its way", slow)

    def ponder(self, name: str) -> None:
        """A handler has seen the jobs of a name, and may stand still before it makes something of that: about a lease.

        It does so more often where its launch was refused, for then it is about to end the attempt.
        """
        frozen = self.weather.frozen
        if frozen and self.random.random() < (0.3 if name in self.refused else 10 * frozen):
            self.count("handler: frozen")
            self.loop.pause("find answers", self.weather.lease * self.random.uniform(0.5, 1.3))

    def within(self) -> None:
        """A handler is between the read and the write of a commit."""
        self.loop.pause("transact writes", self._stall())
        if self.random.random() < self.weather.call / 3:
            fault = self.random.choice(WITHIN)
            self.count(f"within transact: {fault}")
            struck_within(fault)

    def lag(self, job: str) -> float:
        """For how long a job is called running after its end."""
        if job not in self._lags:
            self._lags[job] = self.random.choice([0.0, self.random.uniform(0.0, self.weather.lag)])
        return self._lags[job]

    def no_quota(self) -> None:
        """Raises AnswerError while there is no quota for calls of Dataflow."""
        if any(0 <= self.now - START - storm < STORM for storm in self._storms):
            self.count("quota: none for now")
            raise AnswerError("429 quota exceeded for quota metric 'Requests'", 429)

    def created(self, request: JobRequest, job: str) -> None:
        """A job was made outside: its end will be heard of."""
        life, end = self.life(request.run.key), self.service.jobs[job].end
        life.watch.created(request, job)
        self.pools.created(life, request)
        if life.attempt(request).behaviour is not Behaviour.HANGS:
            self.traffic.announce(request.name, end)

    def _write(self, request: JobRequest) -> Script:
        """What a job will do, once it is launched as it should be."""
        life = self.life(request.run.key)
        scenario = life.scenario
        if request.step in scenario.reads:
            given = endings(scenario)[scenario.reads[request.step]].outputs
            if (given is None or request.spec != {"n": given["n"]}) and request.node not in life.watch.touched:
                self.failures.append(f"{request.name}: launched with {request.spec}, not with {given}")
        attempt = life.attempt(request)
        if attempt.behaviour is Behaviour.IS_REFUSED:
            raise LaunchRefusedError("wrong parameters")
        outputs = attempt.outputs if attempt.behaviour is Behaviour.SUCCEEDS else None
        if attempt.behaviour is Behaviour.LEAVES_TOO_MUCH:
            self.count("job: leaves too much")
            outputs = TOO_MUCH
        stopping = attempt.deaf, attempt.stopped, attempt.live
        return Script(attempt.seconds, _OUTCOMES[attempt.behaviour], outputs, None, *stopping)

    def _stall(self) -> float:
        if self.weather.frozen and self.random.random() < self.weather.frozen:
            self.count("handler: frozen")
            return self.random.expovariate(1 / self.random.choice(FREEZES))
        return self.random.expovariate(0.2) if self.random.random() < self.weather.stall else 0.0

    def _over(self, job: ScriptedJob) -> float:
        """When a job must be gone: where its run was cancelled, one that goes on too, but for teardowns."""
        life = self.life(job.request.run.key)
        cancelled = life.stored is not None and life.stored.stop is not None
        return job.over if cancelled and not life.plan.steps[job.request.node].teardown else job.end

    def _judge(self) -> None:
        for life in self.lives:
            life.watch.judge(in_time=self.weather.is_calm, waits=self.pools.limits)
            self.faults["join: some begin before all have arrived"] += life.watch.punctual.early
            self.faults["join: a gate passes on a part"] += life.watch.punctual.parts
            self.failures += deadlines.judge(self, life)
            if life.last is None:  # else it may have been deleted before
                self.receiver.judge(life, self.weather.is_calm and not self.weather.threads)
            self.failures += life.watch.failures
        self.pools.judge()
        self.auditor.judge()
        unheard = {_LATE.sub(r"-launch-\1", name.partition("~")[0]) for name in self.loop.died_unheard}
        for name, job in self.service.jobs.items():
            if self._launch(job) in unheard or self._came_late(job):
                continue
            if self._over(job) > self.now or self._overlooked(name, job):
                self.failures.append(f"{name}: still running when all is over")

    def _came_late(self, job: ScriptedJob) -> bool:
        """A job that was sent when its attempt had ended, of a kind of which nobody can cancel one too many."""
        if not self.weather.unique:
            return False
        state = self.life(job.request.run.key).watch.view().state(job.request.node)
        same, ended = state.attempt == job.request.attempt, state.ended_at
        return same and state.job is None and ended is not None and job.launched_at > ended - SKEW

    def _overlooked(self, name: str, job: ScriptedJob) -> bool:
        """A job that is one too many, ran on for long, and was not stopped."""
        request = job.request
        jobs = self.life(request.run.key).watch.jobs[request.node, request.attempt]
        if len(jobs) == 1:
            return False
        state = self.life(request.run.key).watch.view().state(request.node)
        stays = read_handle(state.job).id if state.job and state.attempt == request.attempt else jobs[0]
        return name != stays and not job.asked and job.script.seconds > LONG

    def _launch(self, job: ScriptedJob) -> str:
        """The task that launched it."""
        return Launch(job.request.run.key, job.request.node, job.request.attempt).name


def simulate(seed: int, trace: list[str] | None = None, dag: str | None = None, kinds: Collection[str] = ()) -> Result:
    """Simulate the world of a seed, with a random graph unless a real one is named, if it is of all these ``kinds``."""
    random, again, holds = Random(seed), Random(f"{seed} again"), Random(f"{seed} holds")
    attends, notifies = Random(f"{seed} attends"), Random(f"{seed} notifies")
    lates = Random(f"{seed} deadlines")
    if dag:
        return World([real_scenario(dag, random)], draw(random), random, trace, holds=holds, attends=attends).play()
    scenarios = [random_scenario(random)]
    weather = threaded(draw(random), Random(f"{seed} threads"))
    scenarios += (random_scenario(random, OTHERS) for _ in range(random.choice(BESIDES)))
    weather = affordable(weather, sum(len(scenario.steps) for scenario in scenarios))
    scenarios = [attended(scenario, attends) for scenario in scenarios]
    scenarios = [deadlines.with_deadlines(scenario, lates) for scenario in scenarios]
    pools = draw_pools(limits := Random(f"{seed} pools"), weather)
    if not is_of(kinds, weather, pools):
        return NOTHING
    scenarios = [pooled(scenario, list(pools), limits) for scenario in scenarios]
    parallel = Random(f"{seed} parallel")
    scenarios = [limited(scenario, parallel, weather) for scenario in scenarios]
    scenarios = taking_turns(scenarios, Random(f"{seed} active"), weather)
    others = {
        "attends": attends,
        "notifies": notifies,
        "audits": Random(f"{seed} audits"),
        "sets": Random(f"{seed} sets"),
    }
    world = World(scenarios, weather, random, trace, again, holds, pools=pools, **others)
    result = world.play()
    reruns = Random(f"{seed} rerun")
    second = partial(_second, trace, reruns, pools, Random(f"{seed} rerun notifies"))
    if (after := rerun(world, second, reruns)) is None:
        return result
    rerun_result = after.play()
    rerun_result.faults["run: rerun, and keeps steps"] += 1
    watch_kept(after)
    return result.and_then(rerun_result)


def _second(
    trace: list[str] | None,
    random: Random,
    pools: Mapping[str, int],
    notifies: Random,
    scenario: Scenario,
    kept: Mapping[int, StepState],
) -> World:
    weather = affordable(draw(random), len(scenario.steps))
    return World([scenario], weather, random, trace, holds=random, kept=kept, pools=pools, notifies=notifies)
