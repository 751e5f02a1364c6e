"""A queue like Google's in a world: it is slow, keeps no order, backs off, and gives tasks up.

It counts how often each launch was put again: a sweep that mistakes waiting tasks for lost ones floods the queue.
"""

from collections.abc import Collection, Sequence
from math import ceil, inf
from typing import TYPE_CHECKING

from orchestrator.core.messages import SWEEP, Effect, Launch
from orchestrator.core.overdue import STILL, Pace
from orchestrator.home.database import Database
from orchestrator.ports import LAUNCHES, NOTICES, Task
from orchestrator.queues.local import Delivery, LocalQueue
from tests.simulation.weather import MAX_SKEW

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Seconds for which the name stays under which a sweep puts a launch again.
HOURS, HOUR = 6 * 3600.0, 3600.0

#: Deliveries after which a hard queue gives a task up, and the most seconds between two of them.
HARD_TRIES, LONGEST = 6, 300.0


class Line(LocalQueue):
    """The tasks of a world, as its weather lets them through. It holds no turn of the loop: traffic.py does."""

    def __init__(self, world: "World", database: Database) -> None:
        super().__init__(database)
        self.world = world
        self.weather = world.weather
        self._next_launch = 0.0
        self._known: set[str] = set()
        self._waiting: set[str] = set()
        self._puts: dict[tuple[Launch, bool], list[float]] = {}

    def put(self, tasks: Sequence[Task]) -> None:
        if self.weather.disorder and len(tasks) > 1:
            self.world.count("queue: out of order")
            tasks = self.world.random.sample(tasks, len(tasks))
        for task in tasks:
            self._count(task)
        super().put(tasks)

    def lease(self, runs: Collection[str], queue: str, now: float, limit: int) -> list[Delivery]:
        if queue != LAUNCHES or not self.weather.pace:
            return super().lease(runs, queue, now, limit)
        if now < self._next_launch:
            return []
        if self.weather.disorder:
            runs = [run for run in runs if self.next_due([run], [queue]) is not None]
            runs = [self.world.random.choice(runs)] if runs else []
        found = super().lease(runs, queue, now, 1)
        if found:
            self._next_launch = now + self.weather.pace
            self.world.count("queue: slow")
        return found

    def next_due(self, runs: Collection[str], queues: Collection[str]) -> float | None:
        due = super().next_due(runs, queues)
        return due if due is None or LAUNCHES not in queues else max(due, self._next_launch)

    def pause(self, tries: int) -> float | None:
        if not self.weather.hard:
            return super().pause(tries)
        self.world.count("queue: backs off" if tries < HARD_TRIES else "queue: gives up")
        return min(10.0 * 2.0 ** (tries - 1), LONGEST) if tries < HARD_TRIES else None

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        super().acknowledge(deliveries)
        self._waiting.difference_update(delivery.name for delivery in deliveries)

    def retry(self, delivery: Delivery, now: float, error: str) -> bool:
        again = super().retry(delivery, now, error)
        if not again:
            self._waiting.discard(delivery.name)
        return again

    def forget(self, run: str, but: str = NOTICES) -> None:
        super().forget(run, but)
        self._waiting = {name for name in self._waiting if not name.startswith(run)}

    def read(self, name: str, body: str) -> Effect | None:
        effect = super().read(name, body)
        if effect is None:
            self.world.count("task: damaged")
        return effect

    def _count(self, task: Task) -> None:
        """Notes a launch that was taken, and says so if sweeps put it too often, or while it still waited."""
        if task.queue != LAUNCHES or task.name in self._known or not isinstance(task.effect, Launch):
            return
        waits = [name for name in self._waiting if name.startswith(task.effect.name)]
        self._known.add(task.name)
        self._waiting.add(task.name)
        begins = f"-{SWEEP}begun" in task.name  # its run begins, and owes all that was dropped before
        if f"-{SWEEP}" not in task.name or self.weather.forgotten or begins:
            return
        woken = "-woken-" in task.name  # a place was free, and nobody else knew for whom
        times = self._puts.setdefault((task.effect, woken), [])
        times.append(self.world.now)
        told = times[-1] - times[0] + 2 * MAX_SKEW  # by the clocks of the sweeps, after which the tasks are named
        if len(times) > 1 + ceil(told / (HOUR if woken else HOURS)):
            self.world.failures.append(f"{task.name}: put for the {len(times)}. time in {times[-1] - times[0]:.0f} s")
        late = self.weather.disorder or self.weather.call or self.weather.threads  # it may be put late
        if waits and self._moves() and not late and not woken:  # nobody can tell that it was woken: hence the bound
            self.world.failures.append(f"{task.name}: put again, and {waits[0]} still waits")

    def _moves(self) -> bool:
        """Whether sweeps know that launches get through. The first cannot, and what was cancelled leaves no trace."""
        if self.world.traffic.pace == Pace():
            return False
        states = [state for life in self.world.lives if life.key for state in life.watch.view().states.values()]
        came = [state.ended_at if state.cause == "when" else state.claimed_at for state in states]
        known = (self.world.weather.period or 0.0) + 2 * MAX_SKEW
        return max((at for at in came if at is not None), default=-inf) + STILL > self.world.now + known
