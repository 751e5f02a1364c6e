"""The operator of a world: cancels runs or steps at any time, perhaps twice, and perhaps without completing it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from orchestrator.core.model import Stop
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Seconds after the start within which somebody cancels.
MOMENTS = (0.0, 1.0, 10.0, 60.0, 300.0, 1500.0)


class Operator:
    """A person, or two of them, who do not know of each other."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.random = world.random

    def begin(self) -> None:
        """Somebody may cancel in this world; some do it twice."""
        for life in self.world.lives:
            self._begin(life)

    def _begin(self, life: Life) -> None:
        if self.random.random() >= self.world.weather.cancels:
            return
        times = self.random.choice([1, 1, 2])
        if times == 2:
            self.world.count("operator: twice")
        for number in range(times):
            when = life.begins + self.random.choice(MOMENTS) * self.random.random()
            self.world.loop.at(when, lambda who=f"operator {number}": self._cancel(life, who, self._choose(life)))

    def _choose(self, life: Life) -> Collection[int] | None:
        """The steps to cancel; None: the whole run."""
        if self.random.random() < 0.6:
            self.world.count("operator: cancels the run")
            return None
        self.world.count("operator: cancels steps")
        steps = len(life.plan.steps)
        return self.random.sample(range(steps), min(steps, self.random.randint(1, 3)))

    def _cancel(self, life: Life, who: str, nodes: Collection[int] | None, again: bool = False) -> None:
        """Whose cancelling of a run failed does so again, even if the run has ended: jobs of it may go on."""
        world = self.world
        if life.over and (life.last is not None or nodes is not None or not again):
            return
        if life.stored is None:
            world.loop.at(world.now + 5.0, lambda: self._cancel(life, who, nodes))
            return
        stop = Stop(world.now, who, "it is wrong")

        def done(error: BaseException | None) -> None:
            if error is None:
                if nodes is None:
                    life.watch.cancelled()
                return
            if world.weather.period is not None and self.random.random() < 0.5:
                world.count("operator: gives up")  # a sweep finishes what was begun
            else:
                world.loop.at(world.now + 5.0, lambda: self._cancel(life, who, nodes, again=True))

        world.traffic.spawn("cancel", lambda engine: engine.cancel(life.key, stop, nodes), done, world.now)
