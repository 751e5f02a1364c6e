"""A process that drives the run of an embedded world: the real loop, which may be killed at any line."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from types import FrameType
from typing import TYPE_CHECKING, Any

from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import StoreShortError
from orchestrator.home.database import Database
from orchestrator.jobs.settled import Settled
from orchestrator.jobs.wait import WaitBackend
from orchestrator.local.clock import SteadyClock
from orchestrator.local.loop import BATCH, Loop
from orchestrator.local.wiring import Embedded
from orchestrator.ports import JobRequest
from orchestrator.queues.local import LocalQueue
from orchestrator.stores.sqlite.store import SqliteStore
from tests.simulation.embedded.jobs import Either, Functions, Processes
from tests.simulation.loop import START, Crash

if TYPE_CHECKING:
    from tests.simulation.embedded.world import World

#: Most seconds of the world's own time, and most turns of one driver.
LONGEST, MAX_TICKS = 10 * 86_400.0, 5_000

#: Where a kill may come: at any line of these, none of which remembers anything from one world to the next.
KILLED_IN = (
    "local/loop.py",
    "home/database.py",
    "queues/local.py",
    "stores/sqlite/memory.py",
    "stores/sqlite/rows.py",
    "stores/sqlite/store.py",
    "jobs/settled.py",
    "jobs/python/backend.py",
    "engine/__init__.py",
    "engine/checking.py",
    "engine/launching.py",
    "engine/ledger.py",
)

#: And where several processes share the places of pools.
KILLED_IN_POOLS = (
    "local/places.py",
    "engine/active_runs.py",
    "engine/pools.py",
    "engine/pool_line.py",
    "engine/pool_mending.py",
    "stores/sqlite/pools.py",
)


class Driver:
    """A process that drives the run: what it has in its memory goes with it."""

    def __init__(self, world: "World", lucky: bool) -> None:
        self.world, self.random = world, world.random
        self.ended = Ended(self)
        self.clock = SteadyClock(lambda: world.now + world.wrong, lambda: world.now)
        self.database = Shaky(world.home.database)
        self.database.begins = lambda: world.machine.begins_to_write(world)
        self.database.committed = lambda: world.machine.committed(world)
        store, queue = SqliteStore(self.database), LocalQueue(self.database)
        if not world.machine.alone:
            store.driven = world.home.driven
        self.processes, self.functions = Processes(self), Functions(self)
        job = Either(world, Settled(self.processes, self.database), self.functions)
        engine = Engine(Ledger(
            store, queue, {"job": job, "wait": WaitBackend(self.clock)}, self.clock, stand_ins=True, alone=True,
            clock_skew=0.0, apart=self.database.suspended, pools=world.machine.pools,
        ))  # fmt: skip
        self.made = Embedded(
            world.home, self.database, store, queue, engine,
            self.processes, self.functions, self.ended, self.clock,  # type: ignore[arg-type]
        )  # fmt: skip
        self.loop = Loop(self.made, [world.run.key], world.parallel, self._tick)
        luck, self.lucky = world.luck, lucky
        self._lines = self.random.randint(1, luck.kills) if luck.kills and not lucky else 0
        self._full_until = 0.0
        self._ticks = 0
        self.database.writes = self._fills

    def drive(self) -> bool:
        """Whether the run has ended. Where there is no disk, the beginning and the end may come to nothing."""
        with self._killed():
            with suppress(StoreShortError):
                if self.made.store.get_run(self.world.run.key) is None:
                    self.made.engine.start(self.world.run, self.world.plan)
                else:
                    self.loop.recover()
            if self.made.store.get_run(self.world.run.key) is None:
                return False
            if self.loop.drive():
                return True
            with suppress(StoreShortError):
                self.loop.end_jobs()
            return False

    def interruptions(self, request: JobRequest) -> int:
        """How often the step was interrupted before this attempt."""
        return self.made.store.load(request.run.key, (request.node,), ()).state(request.node).interruptions

    def close(self) -> None:
        self.world.forget()
        self.database._connection.close()

    def _tick(self) -> None:
        world = self.world
        self._ticks += 1
        if world.now > START + LONGEST or self._ticks > MAX_TICKS * len(world.machine.worlds):
            raise TimeoutError(f"it does not end within {LONGEST:.0f} s and {self._ticks} turns")
        if not self.lucky and self.random.random() < world.luck.interrupts:
            self.loop.stop()
        if self.random.random() < world.luck.sets:
            world.set_clock()
        if world.people is not None and not self.database.full:
            world.people.act(self)
        if self._full_until and world.now >= self._full_until:
            self.database.full, self._full_until = False, 0.0
        elif not self._full_until and self.random.random() < world.luck.full:
            world.count("disk: full")
            self._fill()

    def _fills(self) -> None:
        """Something is about to be written, perhaps in the middle of a turn, of which a part is on disk already."""
        if not self._full_until and self.random.random() < self.world.luck.fills:
            self.world.count("disk: full in the middle of a turn")
            self._fill()

    def _fill(self) -> None:
        self.database.full = True
        self._full_until = self.world.now + self.random.choice([1.0, 100.0])
        self.world.full += self._full_until - self.world.now + 30.0

    @contextmanager
    def _killed(self) -> Iterator[None]:
        """The process is gone at one of its lines."""
        left = self._lines
        places = KILLED_IN if self.world.machine.alone else KILLED_IN + KILLED_IN_POOLS

        def line(_frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal left
            if event == "line":
                left -= 1
                if not left:
                    sys.settrace(None)
                    raise Crash("killed")
            return line if left > 0 else None

        def call(frame: FrameType, _event: str, _argument: Any) -> Any:
            name = frame.f_code.co_filename
            return line if any(f"orchestrator/{place}" in name for place in places) else None

        before = sys.gettrace()
        if left:
            sys.settrace(call)
        try:
            yield
        finally:
            sys.settrace(before)


class Shaky(Database):
    """A database on a disk that may be full: SQLite then gives a transaction up (sqlite.org/rescode.html)."""

    full = False
    writes: Callable[[], None] | None = None
    begins: Callable[[], None] | None = None
    committed: Callable[[], None] | None = None
    _changes = 0

    def _begin(self) -> None:
        if self.begins is not None:
            self.begins()
        super()._begin()

    def _commit(self) -> None:
        super()._commit()
        if self.committed is not None and self._connection.total_changes > self._changes:
            self._changes = self._connection.total_changes
            self.committed()

    def _flush(self) -> None:
        if self.writes is not None:
            self.writes()
        if self.full and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        super()._flush()


class Ended:
    """Stands in for the queue of names of jobs that ended: to wait for one is to let time pass."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.names: list[str | None] = []

    def put(self, name: str | None) -> None:
        self.names.append(name)
        if len(self.names) > BATCH:
            self.driver.world.count("ends: more than a batch")

    def empty(self) -> bool:
        return not self.names

    def get_nowait(self) -> str | None:
        if not self.names:
            raise Empty
        return self.names.pop(0)

    def get(self, timeout: float) -> str | None:
        world = self.driver.world
        world.pass_time(world.machine.listens_until(self.driver, timeout))
        return self.get_nowait()
