"""The people of a world who hold its runs, or steps of them, and release them: at any moment, twice, and at once.

A hold changes nothing but when: all must end as if nobody had held anything.
"""

from collections.abc import Callable, Collection
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

#: In how many worlds somebody holds something, and in how many of these every hold has an end of its own.
HAPPENS, TIMED = 0.3, 0.4

#: Seconds after the start within which somebody holds, and for which a hold lasts.
MOMENTS, LASTS = (0.0, 0.0, 1.0, 10.0, 60.0, 300.0, 1500.0), (1.0, 60.0, 300.0, 1500.0)

#: Seconds between two looks of whoever releases what is still held.
LOOKS = 300.0

#: How many steps one call releases at the end, where all calls take long.
FEW = 3


class Holder:
    """One person, or some, who do not know of each other. ``random``: what they do depends on nothing else."""

    def __init__(self, world: "World", random: Random | None) -> None:
        self.world = world
        self.random = random or Random(0)
        self.happens = random is not None and random.random() < HAPPENS

    def begin(self) -> None:
        for life in self.world.lives:
            if self.happens and self.random.random() < 0.8:
                self._begin(life)

    def _begin(self, life: Life) -> None:
        timed, last = self.random.random() < TIMED, life.begins
        for number in range(self.random.choice([1, 1, 2, 3])):
            when = life.begins + self.random.choice(MOMENTS) * self.random.random()
            lasts = self.random.choice(LASTS) * self.random.random() if timed or self.random.random() < 0.3 else None
            self._hold_at(life, when, f"holder {number}", lasts, self._choose(life))
            last = max(last, when)
        if timed:
            return
        for _ in range(self.random.choice([0, 0, 1, 2])):  # somebody releases some, whoever held them
            when = life.begins + (last - life.begins + 300.0) * self.random.random()
            self._release_at(life, when, self._choose(life))
        self._see_to_it(life, last + self.random.choice(LASTS) * self.random.random())

    def _choose(self, life: Life) -> Collection[int] | None:
        """Some steps; None: the whole run."""
        steps = len(life.plan.steps)
        slow = steps * self.world.weather.call > 1.0 or self.world.weather.threads  # no long call gets through
        if self.random.random() < (0.05 if slow else 0.6):
            return None
        return self.random.sample(range(steps), min(steps, self.random.randint(1, 3)))

    def _hold_at(self, life: Life, when: float, who: str, lasts: float | None, nodes: Collection[int] | None) -> None:
        def hold(until: float | None) -> None:
            """A call that failed is made again, with the same end; once that has come, somebody releases instead."""
            now = self.world.now
            if until is not None and until <= now:
                self._release_at(life, now, nodes)
                return
            self.world.count("operator: holds the run" if nodes is None else "operator: holds steps")
            if until is not None:
                self.world.count("operator: holds until")
            event = HoldRequested(Hold(now, who, "not now", until))
            self._order(life, event, nodes, lambda: life.watch.held(nodes), lambda: hold(until))

        self.world.loop.at(when, lambda: hold(None if lasts is None else self.world.now + lasts))

    def _release_at(self, life: Life, when: float, nodes: Collection[int] | None) -> None:
        def release() -> None:
            now = self.world.now
            self.world.count("operator: releases")
            event = HoldReleased(now, "releaser")
            self._order(life, event, nodes, lambda: life.watch.released(nodes, now), release)

        self.world.loop.at(when, release)

    def _see_to_it(self, life: Life, when: float) -> None:
        """At the end somebody looks whether anything is still held, again and again, and releases it."""

        def look() -> None:
            if life.over:
                return
            states = life.watch.view().states if life.stored is not None else {}
            held = [
                node for node, state in states.items() if state.control is not None and state.control.hold is not None
            ]
            if held:
                self._release_at(life, self.world.now, held[:FEW] if self.world.weather.threads else held)
            self._see_to_it(life, self.world.now + LOOKS)

        self.world.loop.at(when, look)

    def _order(
        self,
        life: Life,
        event: HoldRequested | HoldReleased,
        nodes: Collection[int] | None,
        judge: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        """Make a request until a call returns; where sweeps come, perhaps not even then."""
        if life.over:
            return
        if life.stored is None:  # whoever waits long for a run to be there looks less and less often
            self.world.loop.at(self.world.now + 5.0 + 0.1 * (self.world.now - life.begins), again)
            return

        def done(error: BaseException | None) -> None:
            if error is None:
                judge()
            elif self.world.weather.period is None or self.random.random() < 0.5:
                self.world.loop.at(self.world.now + self.random.choice([5.0, 60.0, 200.0]), again)
            else:
                self.world.count("operator: gives up")

        name = type(event).__name__
        self.world.traffic.spawn(name, lambda engine: engine.control(life.key, event, nodes), done, self.world.now)
