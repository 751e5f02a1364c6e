"""Somebody deletes the document of a step that has ended, so that only counters show that it has."""

from typing import TYPE_CHECKING

from orchestrator.core.model import Status
from tests.simulation.scenario import Ended, Gave

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.world import World

#: What it deletes: whatever has ended, or what has failed, so that it may run again.
ENDED = (Status.SUCCEEDED, Status.SKIPPED, Status.FAILED)
WISHES = (ENDED, (Status.FAILED,))

#: Seconds between two moments at which it may find something, and how often it looks.
EVERY, TIMES = (5.0, 40.0), 60


class Hand:
    """Somebody with rights to the database. Nothing else goes wrong in such a world, and sweeps come."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.wish = world.random.choice(WISHES) if world.weather.hand else ENDED

    def begin(self) -> None:
        if self.world.weather.hand:
            self._again(TIMES)

    def _again(self, times: int) -> None:
        if times and not self.world.over:
            every = self.world.random.choice(EVERY)
            self.world.loop.at(self.world.now + every, lambda: self._look(times))

    def _look(self, times: int) -> None:
        for life in self.world.lives:
            if life.stored is not None and not life.over and not life.watch.lost and (found := self._ended(life)):
                node = self.world.random.choice(found)
                self.world.count("hand: deletes a step")
                life.watch.lost[node] = self.world.memory._states[life.key].pop(node)
        self._again(times - 1)

    def _ended(self, life: "Life") -> list[int]:
        """The steps that have ended, of which no other needs to know more than its counters tell."""
        scenario, plan, view = life.scenario, life.plan, self.world.memory.load_all(life.key)
        conditions = scenario.conditions.values()
        told = {*scenario.reads.values(), *(one.step for one in conditions if isinstance(one, Ended | Gave))}
        return [
            node
            for node, step in enumerate(plan.steps)
            if view.state(node).status in self.wish
            and not view.state(node).live
            and step.name not in told
            and all(plan.joins[join].only is None for join in plan.nodes[node].arrives)
        ]
