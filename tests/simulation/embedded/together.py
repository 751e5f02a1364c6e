"""A machine on which several runs are driven at once, each by a process of its own: they share places in pools.

The processes take turns: whenever one waits, and now and then before it locks the database.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from math import inf
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.model import Run, StepState
from orchestrator.core.pools import graph_with, pool_of_graph, pool_of_run, run_of
from orchestrator.errors import InUseError
from orchestrator.home.database import Database
from orchestrator.ports import JobRequest, Occupant
from orchestrator.stores.sqlite.store import SqliteStore
from tests.simulation.embedded.machine import Machine
from tests.simulation.loop import Crash

if TYPE_CHECKING:
    from tests.simulation.embedded.driver import Driver
    from tests.simulation.embedded.world import World

#: Seconds between two looks of a driver at what others have committed, and at who has places; and those for which a
#: place may be of no use while somebody waits for it.
LOOK, IDLE = 20.0, 90.0

#: Seconds after which somebody else tries again to drive a run that another process keeps for a moment.
AGAIN = 0.02

#: How likely another process has a turn before one locks the database.
TURNS = 0.2


class Together(Machine):
    """``active``: how many of the runs, which are of one graph, may be active."""

    alone = False

    def __init__(self, folder: Path, random: Random, pools: dict[str, int], active: ActiveRuns | None) -> None:
        super().__init__(folder, pools)
        self.random, self.active = random, active
        self._hub = getcurrent()
        self._wakes: dict[str, float] = {}
        self._listens: set[str] = set()
        self._down: set[str] = set()
        self._since: dict[str, float] = {}
        self._turns = 0

    def play(self) -> list[str]:
        """Drive all runs until they have ended, or something is wrong."""
        threads = {key: greenlet(world.play) for key, world in self.worlds.items()}
        self._wakes = {key: world.begins_at for key, world in self.worlds.items()}
        try:
            while going := [key for key, thread in threads.items() if not thread.dead]:
                first = min(self._wakes[key] for key in going)
                self._look(first)
                self.now = max(self.now, first)
                ready = [key for key in going if self._wakes[key] <= self.now]
                threads[self.random.choice(ready)].switch()
                if failures := self.failures:
                    return failures
            self._judge()
            return self.failures
        finally:
            for thread in threads.values():
                if not thread.dead:
                    thread.throw()

    @property
    def failures(self) -> list[str]:
        return [f"{world.run.id}: {said}" for world in self.worlds.values() for said in world.failures]

    # What the processes do.

    def wait(self, world: "World", until: float) -> None:
        key, trace = world.run.key, sys.gettrace()
        self._wakes[key] = until
        sys.settrace(None)
        self._hub.switch()
        sys.settrace(trace)
        self._listens.discard(key)
        if key in self._down:
            self._down.discard(key)
            raise Crash("its machine went down")

    def listens_until(self, driver: "Driver", timeout: float) -> float:
        """It also looks what others have committed, which it does ten times a second if they commit something."""
        self._listens.add(driver.world.run.key)
        due = driver.made.queue.next_due([driver.world.run.key], driver.loop._queues())
        if not driver.loop._heard:
            timeout = max(timeout, min(LOOK, inf if due is None else due - driver.made.clock()))
        return self.now + timeout

    def begins_to_write(self, world: "World") -> None:
        if self.random.random() < TURNS:
            self.wait(world, self.now)

    def committed(self, world: "World") -> None:
        for key in self._listens - {world.run.key}:
            self._wakes[key] = min(self._wakes[key], self.now + 0.1)

    def restart(self, world: "World") -> None:
        super().restart(world)
        self._down |= {key for key, other in self.worlds.items() if other.driver is not None} - {world.run.key}

    @contextmanager
    def driving(self, world: "World") -> Iterator[None]:
        """Be the process that drives a run, once it is nobody else's."""
        while True:
            try:
                with self.home.driving(world.run.id):
                    yield
                    return
            except InUseError:  # a process that waits for its place looks after it
                pass
            self.wait(world, self.now + AGAIN)

    # What must hold.

    def _pools_of(self, run: Run, node: int) -> dict[str, int]:
        world = self.worlds[run.key]
        step, most = world.plan.steps[node], world.scenario.max_parallel
        own = {pool_of_run(run.key): most} if most is not None else {}
        return own if step.pool is None else own | {step.pool: self.pools[step.pool]}

    def begins(self, world: "World", request: JobRequest) -> None:
        """No more jobs run than there are places, nor jobs of more runs than may be active."""
        going = [process.request for process in self.processes.values() if process.end > self.now]
        for pool, size in self._pools_of(request.run, request.node).items():
            beside = [one.name for one in going if pool in self._pools_of(one.run, one.node)]
            world.count("pool: full") if len(beside) + 1 == size else None
            if len(beside) >= size:
                world.failures.append(f"{request.name} begins beside {beside}, and pool {pool} has {size} places")
        runs = {one.run.id for one in (*going, request)}
        if self.active is not None and len(runs) > self.active.limit:
            world.failures.append(f"{request.name} begins: {sorted(runs)} are active, of {self.active.limit} at most")

    def _look(self, until: float) -> None:
        """Nothing happens until then: nobody may wait for long for a place that is of no use to anybody."""
        if until <= self.now or any(world.luck.full or world.luck.fills for world in self.worlds.values()):
            return
        with closing(Database(self.home.database)) as database:
            store = SqliteStore(database, self.home.driven)
            for pool, size in self._sizes().items():
                if not store.standing(pool)[1] or (why := self._useless(store, pool, size)) is None:
                    self._since.pop(pool, None)
                elif until > self._since.setdefault(pool, self.now) + IDLE:
                    next(iter(self.worlds.values())).failures.append(f"pool {pool}: some wait, and {why}")

    def _sizes(self) -> dict[str, int]:
        runs = {pool_of_run(key): world.scenario.max_parallel for key, world in self.worlds.items()}
        graph = {} if self.active is None else {pool_of_graph("simulated"): self.active.limit}
        return self.pools | {pool: most for pool, most in runs.items() if most is not None} | graph

    def _useless(self, store: SqliteStore, pool: str, size: int) -> str | None:
        """Which place is of no use. It is kept for the first in line also while its process runs all that it may."""
        seen = store.pool(pool, size, 1)
        if seen.first:
            first = self.worlds[run_of(seen.first[0].rank)]
            busy = first.driver is not None and first.driver.made.running >= first.parallel
            return None if busy else "a place is free"
        for occupant in store.occupants(pool):
            run = store.get_run(occupant.run)
            if run is None or (not self.home.driven(run.id) and not self._goes_on(store, occupant)):
                return f"{occupant} is over"
        return None

    def _goes_on(self, store: SqliteStore, occupant: Occupant) -> bool:
        """Whether the job of a place still runs; or any job of the run, if it is one of its graph."""
        of_run = graph_with(occupant.place.pool) is not None
        view = store.load_all(occupant.run, outputs=False)
        states = view.states.items() if of_run else [(occupant.node, view.state(occupant.node))]
        return any(self._runs(occupant.run, node, state) for node, state in states)

    def _runs(self, run: str, node: int, state: StepState) -> bool:
        world = self.worlds[run]
        if node < len(world.plan.steps) and world.plan.steps[node].work.kind == "wait":
            return state.status.active  # its end is known to whoever looks
        return any(one.end > self.now and one.request.node == node for one in world.own)

    def _judge(self) -> None:
        """All runs have ended: no place is taken, and nobody stands in line."""
        with closing(Database(self.home.database)) as database:
            store = SqliteStore(database)
            for pool in self._sizes():
                if left := [*store.occupants(pool)] or store.standing(pool)[1]:
                    next(iter(self.worlds.values())).failures.append(f"pool {pool} is left with {left}")
