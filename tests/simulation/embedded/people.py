"""The people of an embedded world: they hold steps of its run and release them, each from a process of their own.

A hold changes nothing but when: the run must end as if nobody had held anything.
"""

from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested
from orchestrator.engine import Engine
from orchestrator.engine.control import ControlEvent
from orchestrator.engine.ledger import Ledger
from orchestrator.home.database import Database
from orchestrator.queues.local import LocalQueue
from orchestrator.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from tests.simulation.embedded.driver import Driver
    from tests.simulation.embedded.world import World

#: In how many worlds somebody holds something, that it happens at a turn there, and how often at most.
HAPPENS, AT_A_TURN, MOST = 0.3, 0.05, 4

#: Seconds for which a hold lasts that has an end, and turns after which somebody releases one that has none.
LASTS, TURNS = (1.0, 60.0, 1500.0), (0, 3, 30)


class People:
    """Some people, who do not know of each other. ``random``: what they do depends on nothing else."""

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self._left = MOST if random.random() < HAPPENS else 0
        self._release_in: int | None = None

    def act(self, driver: "Driver") -> None:
        """Between two turns of the driver, somebody may hold something, or release all that is held."""
        if self._release_in is not None:
            self._release_in -= 1
            if self._release_in < 0:  # again, if the command was killed
                self._say(driver, HoldReleased(driver.clock(), "ann"), "person: releases")
                self._release_in = None
        elif self._left and self.random.random() < AT_A_TURN:
            self._left -= 1
            self._hold(driver, driver.clock())

    def _hold(self, driver: "Driver", now: float) -> None:
        lasts = self.random.choice(LASTS) * self.random.random() if self.random.random() < 0.5 else None
        if lasts is None:
            self._release_in = self.random.choice(TURNS)
        event = HoldRequested(Hold(now, "ben", "not now", None if lasts is None else now + lasts))
        self.world.held += lasts or 0.0
        self._say(driver, event, "person: holds" if lasts is None else "person: holds until")

    def _say(self, driver: "Driver", event: ControlEvent, fault: str) -> None:
        """From another process, which reads and writes the same file."""
        self.world.count(fault)
        steps = range(len(self.world.plan.steps))
        some = self.random.sample(steps, min(len(steps), self.random.randint(1, 3)))
        nodes = some if isinstance(event, HoldRequested) and self.random.random() < 0.6 else None
        with closing(Database(self.world.home.database)) as database:
            queue = LocalQueue(database)
            ledger = Ledger(SqliteStore(database), queue, {}, driver.clock, stand_ins=True, alone=True, clock_skew=0.0)
            Engine(ledger).control(self.world.run.key, event, nodes)
