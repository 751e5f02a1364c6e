"""The people of a world who set the ``max_parallel`` of its runs: at any moment, twice, and at once.

What is set changes nothing but when: all must end as if nobody had set anything.
"""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.events import LimitsSet
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

#: In how many worlds with such a limit somebody sets it, and to what.
HAPPENS, SIZES = 0.6, (1, 1, 2, 3, 8)

#: Seconds after the start within which somebody sets it.
MOMENTS = (0.0, 1.0, 10.0, 60.0, 300.0, 1500.0)


class Setter:
    """Some people, who do not know of each other. ``random``: what they do depends on nothing else."""

    def __init__(self, world: "World", random: Random | None) -> None:
        self.world = world
        self.random = random or Random(0)
        self.happens = random is not None and random.random() < HAPPENS
        self._asking: Counter[str] = Counter()

    def begin(self) -> None:
        for life in self.world.lives:
            if self.happens and life.scenario.max_parallel is not None:
                self._begin(life)

    def _begin(self, life: Life) -> None:
        for number in range(self.random.choice([1, 1, 2, 3, 5])):
            when = life.begins + self.random.choice(MOMENTS) * self.random.random()
            self._set_at(life, when, f"setter {number}", self.random.choice(SIZES))

    def _set_at(self, life: Life, when: float, who: str, size: int) -> None:
        self._asking[life.name] += 1

        def set_it() -> None:
            """A call that failed is made again; where sweeps come, perhaps not."""
            world = self.world
            if life.over:
                return
            if life.stored is None:
                world.loop.at(world.now + 5.0 + 0.1 * (world.now - life.begins), set_it)
                return
            world.count("operator: sets a limit")
            event = LimitsSet(world.now, who, "enough", size)

            def done(error: BaseException | None) -> None:
                if error is None:
                    self._asking[life.name] -= 1
                    if not self._asking[life.name]:  # whoever comes, or gives up, may have set it halfway
                        world.pools.all_set(life)
                elif world.weather.period is None or self.random.random() < 0.5:
                    world.loop.at(world.now + self.random.choice([5.0, 60.0, 200.0]), set_it)
                else:
                    world.count("operator: gives up")  # a sweep finishes what was begun

            world.traffic.spawn(
                "LimitsSet", lambda engine: engine.control(life.key, event, [life.plan.end]), done, world.now
            )

        self.world.loop.at(when, set_it)
