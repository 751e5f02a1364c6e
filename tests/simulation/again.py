"""A run id that is used again: somebody starts a second run with the first one's id, before and after that is deleted.

Such a world deletes its runs after a while (retention.py). As long as the first run exists, the second start is refused
or gets the first run. Meanwhile, and long after, tasks and signals of the first run arrive.
"""

from collections.abc import Callable
from math import inf
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.model import Run
from orchestrator.core.names import new_key
from orchestrator.core.plan import Plan
from orchestrator.engine import Engine
from orchestrator.errors import OrchestratorError
from orchestrator.queues.local import Delivery
from tests.simulation.graphs import random_scenario
from tests.simulation.life import Life
from tests.simulation.loop import START
from tests.simulation.retention import Retention

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Of a world, that an id is used again in it; of one in Firestore, too.
OFTEN, IN_FIRESTORE = 0.12, 0.5

#: The most steps of the second run, and seconds between two tries to start it.
STEPS, EVERY = 8, 900.0

#: Most seconds after the first run may be deleted within which tasks and signals of it still come, and how many do.
LATE, MAX_LATE = 8_000.0, 6


class TakenError(OrchestratorError):
    """Whoever wants the id is told that another run has it."""

    retryable = True


class Second(Life):
    """A run that somebody wants to have the id of ``first``. It begins when its first start got through."""

    first: Life

    def wanted(self, noise: bytes) -> Run:
        started = self.watch._clock() + self.wrong
        return Run(self.id, new_key(noise), self.scenario.name, self.plan.version, self.scenario.params, started)

    @property
    def patience(self) -> float:
        return super().patience + self.first.patience + 2 * Retention.LONGEST


class Again:
    """Who wants the second run, and what is late of the first. Draws from ``random``, and nobody else does."""

    def __init__(self, world: "World", random: Random | None) -> None:
        often = IN_FIRESTORE if world.weather.firestore else OFTEN
        self.world = world
        self.random = random or Random(0)
        self.happens = random is not None and not world.weather.hand and random.random() < often
        self.retention = Retention(world, self.random) if self.happens else None
        self.second: Second | None = None
        self._seen: list[tuple[str, Delivery]] = []

    @property
    def seconds(self) -> float:
        """For how long a run is kept after its end."""
        return self.retention.seconds if self.retention else inf

    def join(self, lives: list[Life]) -> None:
        """The second run joins those that the world has; the clocks of those who start either are wrong."""
        if not self.happens:
            return
        world, skew = self.world, self.world.weather.skew
        scenario = random_scenario(self.random, STEPS)
        now: Callable[[], float] = lambda: world.loop.now  # noqa: E731
        self.second = Second("run-0-again", scenario, world.memory, now, START, world.weather.latest)
        self.second.first = lives[0]
        self.second.id = lives[0].id
        for life in (lives[0], self.second):
            life.wrong = self.random.uniform(-skew, skew)
        lives.append(self.second)

    def begin(self) -> None:
        if self.second is not None:
            self._later(self.second, self.random.choice([10.0, 300.0, EVERY]))

    def opened(self, life: Life) -> None:
        """A run was opened: the second one only when the first, or what says that it has the id, is gone."""
        if life is not self.second or self.retention is None:
            return
        self.world.count("id: used again")
        if not self.retention.frees(life.first):
            self.world.failures.append(f"{life.name}: took the id of a run that is there")
        self.world.traffic.spawn("start run-0, late", self._starts(life.first), lambda _: None, self.world.now)

    def delivers(self, queue: str, delivery: Delivery) -> None:
        """The queue delivers a task."""
        if self.second is not None and delivery.effect.run == self.second.first.key:
            self._seen.append((queue, delivery))

    def ended(self, key: str) -> None:
        """A run has ended: it will be deleted, and some of its tasks and signals come late enough to see that."""
        if self.retention is None or self.second is None:
            return
        life = self.world.life(key)
        due = self.retention.ended(life)
        if life is not self.second.first:
            return
        for queue, delivery in self._some(self._seen):
            self._at_late(due, lambda when, queue=queue, late=delivery: self._deliver(queue, late, when))
        requests = [job.request for job in self.world.service.jobs.values()]
        for name in self._some([request.name for request in requests if request.run.key == key]):
            self._at_late(due, lambda when, name=name: self._signal(name, when))

    def _some(self, found: list[object]) -> list[object]:
        return self.random.sample(found, min(len(found), self.random.randint(1, MAX_LATE)))

    def _at_late(self, due: float, act: Callable[[float], None]) -> None:
        when = due + self.random.uniform(0.0, LATE)
        self.world.loop.at(when, lambda: act(when))

    def _deliver(self, queue: str, delivery: Delivery, when: float) -> None:
        self.world.count("delivery: its run is gone")
        self.world.traffic.perform(queue, delivery, when, acknowledge=False)

    def _signal(self, name: str, when: float) -> None:
        self.world.count("signal: its run is gone")
        self.world.traffic.signal(name, when)

    # Starts.

    def _later(self, second: Second, mean: float) -> None:
        when = self.world.now + self.random.expovariate(1 / mean)
        self.world.loop.at(when, lambda: self._try(second))

    def _try(self, second: Second) -> None:
        """Somebody tries to start the second run, or two do; again and again, until it is there."""
        if second.key:
            return
        for _ in range(self.random.choice([1, 1, 2]) if second.first.key else 0):
            self._begin(second)
        self._later(second, EVERY)

    def _begin(self, second: Second) -> None:
        """A start that failed comes again soon; one that was refused has its answer."""

        def done(error: BaseException | None) -> None:
            if error is not None and not isinstance(error, TakenError):
                self.world.loop.at(self.world.now + 5.0, lambda: self._begin(second))

        self.world.traffic.spawn(f"start {second.name}", self._starts(second), done, self.world.now)

    def _starts(self, life: Life) -> Callable[[Engine], object]:
        run = life.wanted(self.random.randbytes(7))
        return lambda engine: self._start(engine, run, life.base)

    def _start(self, engine: Engine, run: Run, plan: Plan) -> None:
        """A start that gets the run which has the id, if it is another, is refused, or goes on with that."""

        def check(there: Run) -> None:
            if there.version == run.version:
                return
            fault = self.random.choice(["refused", "goes on with that"])
            self.world.count(f"id: taken, {fault}")
            if fault == "refused":
                raise TakenError(f"the id '{there.id}' is taken")

        there = engine.start(run, plan, check)
        if self.world.life(there.key).plan.version != there.version:
            self.world.failures.append(f"{run.id}: a start got {there}, which is nobody's")
