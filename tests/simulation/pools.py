"""Pools in a world: which steps are in which, and what must be true of them whatever goes wrong.

What is judged is what the steps' states say, and the jobs outside: of the store's own records of places only that none
is left when all is over.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from math import inf
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.active_runs import LIMIT, ActiveRuns, Policy
from orchestrator.core.messages import Launch
from orchestrator.core.model import StepState
from orchestrator.core.pools import pool_of_graph, pool_of_run, run_with
from orchestrator.core.steps import Step
from orchestrator.ports import JobRequest, Task
from tests.simulation.oracle import HOP
from tests.simulation.scenario import Scenario
from tests.simulation.weather import Weather

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.world import World

#: In how many worlds there are pools, and how many places each may have.
HAPPENS, SIZES = 0.3, (1, 1, 2, 3, 5)

#: Seconds for which, in a calm world, a place may be free while somebody waits: three hops, and what clocks differ.
IDLE = 4 * HOP

#: Seconds after which a commit may still be applied that was sent to Firestore.
LATE = 300.0

PRIORITIES = (0, 0, 0, 5, 50)


def draw(random: Random, weather: Weather) -> dict[str, int]:
    """The pools of a world and their sizes; mostly there are none.

    Where threads are suspended between statements and many calls fail, a call that also looks at pools takes hours.
    """
    if random.random() >= HAPPENS or (weather.threads and weather.call > 0.02):
        return {}
    return {name: random.choice(SIZES) for name in random.choice([("p",), ("p",), ("p", "q")])}


def limited(scenario: Scenario, random: Random, weather: Weather) -> Scenario:
    """The same, now and then with a limit on how many of its attempts are active."""
    if random.random() >= HAPPENS or (weather.threads and weather.call > 0.02):
        return scenario
    return replace(scenario, max_parallel=random.choice(SIZES))


def taking_turns(scenarios: list[Scenario], random: Random, weather: Weather) -> list[Scenario]:
    """The same, which are runs of one graph, now and then with a limit on how many of them are active."""
    if random.random() >= (HAPPENS if len(scenarios) > 1 else 0.1) or (weather.threads and weather.call > 0.02):
        return scenarios
    active = ActiveRuns(random.choice([1, 1, 2]), random.choice(tuple(Policy)))
    return [replace(scenario, active=active) for scenario in scenarios]


def pooled(scenario: Scenario, pools: Sequence[str], random: Random) -> Scenario:
    """The same, with some of its steps in ``pools``."""
    if not pools:
        return scenario
    share = random.choice([0.5, 1.0, 1.0])
    steps = tuple(
        replace(step, pool=random.choice(pools), priority=random.choice(PRIORITIES))
        if step.work.kind != "none" and random.random() < share
        else step
        for step in scenario.steps
    )
    return replace(scenario, steps=steps)


def ways(steps: tuple[Step, ...]) -> dict[str, int]:
    """By step: how many steps the longest way from there to an end of the graph has."""
    order = [*TopologicalSorter({step.name: step.after for step in steps}).static_order()]
    after = {step.name: step.after for step in steps}
    found = dict.fromkeys(order, 0)
    for name in reversed(order):
        for before in after[name]:
            found[before] = max(found[before], found[name] + 1)
    return found


class Pools:
    """The pools of a world, as they are seen from outside."""

    def __init__(self, world: "World", sizes: dict[str, int]) -> None:
        self.world = world
        self.sizes = sizes
        self.active: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.waiting: dict[str, dict[tuple[str, int], tuple[tuple[int, int], float]]] = defaultdict(dict)
        self._idle: dict[str, float] = {}
        self._given: dict[str, int] = {}  # the sizes that somebody has set
        self._largest: dict[str, int] = {}
        self._lowered: dict[str, tuple[float, set[int]]] = {}  # when, and which handlers had begun before
        self._ways: dict[str, dict[str, int]] = {}
        self.begun: set[str] = set()

    @property
    def limits(self) -> bool:
        """Whether some step may have to wait for a place."""
        return bool(self.sizes) or any(life.scenario.max_parallel or life.scenario.active for life in self.world.lives)

    def _of(self, life: "Life", node: int) -> list[str]:
        """The pools in which a step needs a place."""
        step, most = life.plan.steps[node], life.scenario.max_parallel
        own = [pool_of_run(life.key)] if most is not None and step.work.kind != "none" else []
        return own if step.pool is None else [*own, step.pool]

    def resized(self, pool: str) -> None:
        """Somebody has set the size of a pool, perhaps to what it was."""
        size, before = self.world.memory.size(pool), self._size(pool)
        if size is None or size == before:
            return
        self.world.count("pool: raised" if size > before else "pool: lowered")
        self._largest[pool] = max(size, before, self._largest.get(pool, 0))
        self._given[pool] = size
        if size < before:
            begun = {one.number for one in self.world.loop.handlers if one.started is not None}
            self._lowered[pool] = self.world.now, begun.union(self._lowered.get(pool, (0.0, set[int]()))[1])
        self._see(pool)

    def all_set(self, life: "Life") -> None:
        """Whoever set the limit of a run has heard that it is set: so the pool knows what is in the record."""
        control = life.watch.view().state(life.plan.end).control
        wanted = control.limits.max_parallel if control is not None and control.limits is not None else None
        there = self.world.memory.size(pool_of_run(life.key))
        if not life.over and there != wanted:
            self.world.failures.append(f"{life.key}: its max_parallel was set to {wanted}, and its pool has {there}")

    def _late(self, pool: str) -> bool:
        """Whether who takes a place now may have looked for one before the pool was made smaller."""
        at, begun = self._lowered.get(pool, (-inf, set[int]()))
        handler = self.world.loop._current
        late = self.world.weather.firestore and self.world.now < at + LATE
        return late or (handler is not None and handler.number in begun)

    def _size(self, pool: str) -> int:
        if pool in self._given:
            return self._given[pool]
        key = run_with(pool)
        most = self.sizes[pool] if key is None else self.world.life(key).scenario.max_parallel
        assert most is not None
        return most

    def committed(self, life: "Life", node: int, old: StepState, new: StepState) -> None:
        """A step's state was changed."""
        if node == life.plan.end:
            self._run_begins_or_ends(life, new)
        if node >= len(life.plan.steps):
            return
        if life.scenario.active and new.status.active and not old.status.active and life.key not in self.begun:
            self.world.failures.append(f"{life.key}: {life.plan.steps[node].name} began, and its run has not")
        step, who = life.plan.steps[node], (life.key, node)
        if life.plan.version not in self._ways:
            self._ways[life.plan.version] = ways(life.plan.steps)
        urgency = step.priority, self._ways[life.plan.version][step.name]
        for pool in self._of(life, node):
            self._see(pool)
            waiting = self.waiting[pool]
            began = new.status.active and who not in self.active[pool]
            if began:
                self._in_turn(pool, urgency, step.name, waiting.get(who, (urgency, self.world.now))[1])
            (self.active[pool].add if new.status.active else self.active[pool].discard)(who)
            if new.waits is None or new.waits.pool != pool:
                waiting.pop(who, None)
            elif who not in waiting:
                waiting[who] = urgency, self.world.now
                self.world.count("pool: full, so that a step waits")
            if len(self.active[pool]) > self._size(pool) and began and not self._late(pool):
                self.world.failures.append(f"pool {pool}: {len(self.active[pool])} of {self._size(pool)} are active")
            self._see(pool)

    def asked(self, tasks: Sequence[Task]) -> None:
        """Launches that are put together ask for the places of a pool in their order: none before a more urgent one."""
        asked: dict[tuple[str, str], int] = {}
        for launch in (task.effect for task in tasks if isinstance(task.effect, Launch)):
            life = next((life for life in self.world.lives if life.key == launch.run), None)
            if life is None or launch.node >= len(life.plan.steps):
                continue
            step = life.plan.steps[launch.node]
            if step.pool is None:
                continue
            before = asked.get((life.key, step.pool), step.priority)
            if step.priority > before:
                self.world.failures.append(f"{step.name} asks for a place in {step.pool} after a less urgent step")
            self.world.faults["pool: several ask at once, not all as urgently"] += step.priority < before
            asked[life.key, step.pool] = step.priority

    def _run_begins_or_ends(self, life: "Life", new: StepState) -> None:
        """The end of a run has a place while the run is active."""
        active = life.scenario.active
        if active is None:
            return  # only its deadline
        if new.waits is not None:
            self.world.count("run: waits in line")
        (self.begun.add if new.status.active else self.begun.discard)(life.key)
        if len(self.begun) > active.limit:
            self.world.failures.append(f"{sorted(self.begun)} are active, of at most {active.limit} runs")
        states = map(life.watch.view().state, range(len(life.plan.steps)))
        if new.status.final and not all(state.status.final for state in states):
            self.world.failures.append(f"{life.key}: gave up its place, and some steps have not ended")

    def created(self, life: "Life", request: JobRequest) -> None:
        """A job was made outside."""
        for pool in [] if self._doubtful() else self._of(life, request.node):
            going = {
                (job.request.run.key, job.request.node)
                for job in self.world.service.jobs.values()
                if job.end > self.world.now and self._is_in(job.request, pool) and not job.script.live
            }
            most = max(self._size(pool), self._largest.get(pool, 0))
            if len(going) > most:
                self.world.failures.append(f"pool {pool}: {len(going)} jobs run, and it has {most} places")

    def judge(self) -> None:
        """All is over: no place is taken, and nobody stands in line."""
        self._judge_limits()
        pools = {*self.sizes, *self.active, *(pool_of_graph(life.scenario.name) for life in self.world.lives)}
        left = {pool: self.world.memory.occupants(pool) for pool in pools}
        lines = {pool: self.world.memory._lines.get(pool) for pool in pools}
        if any(left.values()) and not self.world.weather.hand:
            self.world.failures.append(f"places are left behind: {left}")
        if any(lines.values()) and not self.world.weather.hand:
            self.world.failures.append(f"steps are left in line: {lines}")

    def _judge_limits(self) -> None:
        """Who was cancelled because of the limit: none that only waits, none that was the newest."""
        runs = [life.stored for life in self.world.lives if life.stored is not None]
        newest = max(runs, key=lambda run: (run.started_at, run.key), default=None)
        for life in self.world.lives:
            run, active = life.stored, life.scenario.active
            if run is None or run.stop is None or run.stop.by != LIMIT:
                continue
            self.world.count("run: one too many")
            attempts = [life.watch.view().state(node).attempt for node in range(len(life.plan.steps))]
            if active is None or active.policy is Policy.QUEUE:
                self.world.failures.append(f"{life.key}: was cancelled by its limit, {active}")
            elif active.policy is Policy.SKIP and any(attempts):
                self.world.failures.append(f"{life.key}: was skipped, and some of its steps have begun")
            elif active.policy is Policy.CANCEL_PREVIOUS and run is newest and not self.world.weather.skew:
                self.world.failures.append(f"{life.key}: was cancelled for a newer run, and is the newest")

    def _is_in(self, request: JobRequest, pool: str) -> bool:
        return pool in self._of(self.world.life(request.run.key), request.node)

    def _doubtful(self) -> bool:
        """Whether jobs may run whose attempts have ended, for all that anybody can know."""
        weather = self.world.weather
        return bool(weather.contradicts or weather.outlives or weather.hand or weather.goes_back or weather.threads)

    def _in_turn(self, pool: str, urgency: tuple[int, int], name: str, since: float) -> None:
        """Whoever begins is not behind another who has waited for long: not in a calm world."""
        free, now = self._size(pool) - len(self.active[pool]), self.world.now
        before = [
            who
            for who, (other, came) in self.waiting[pool].items()
            if came < now - IDLE and (other > urgency or (other == urgency and came < since - IDLE))
        ]
        if self.world.weather.is_calm and len(before) >= free:
            self.world.failures.append(f"pool {pool}: {name} of urgency {urgency} began, and before it were {before}")

    def _see(self, pool: str) -> None:
        """How long a place has been free while somebody waited."""
        now = self.world.now
        if self.waiting[pool] and len(self.active[pool]) < self._size(pool):
            since = self._idle.setdefault(pool, now)
            if self.world.weather.is_calm and now > since + IDLE:
                self.world.failures.append(f"pool {pool}: a place was free for {now - since:.0f} s, and some wait")
        else:
            self._idle.pop(pool, None)
