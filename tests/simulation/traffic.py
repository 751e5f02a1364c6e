"""The traffic of a world: it starts runs, delivers tasks and signals, and sweeps, all of it with faults."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING

from orchestrator.core.messages import Launch, Release
from orchestrator.core.model import Run
from orchestrator.core.overdue import Pace
from orchestrator.engine import Engine
from orchestrator.errors import NotFoundError, OrchestratorError
from orchestrator.home.database import Database
from orchestrator.ports import CHECKS, LAUNCHES, NOTICES, Task
from orchestrator.queues.local import MAX_TRIES, Delivery
from tests.simulation.forging import forged, perform
from tests.simulation.life import Life
from tests.simulation.loop import Crash
from tests.simulation.queueing import Line

if TYPE_CHECKING:
    from tests.simulation.world import World

#: How often Pub/Sub tries to hand over one signal before it is lost.
SIGNAL_TRIES = 5

DELIVERY = ("lost", "twice", "late", "again when done", "acknowledgement lost")
SIGNAL = ("lost", "late", "early", "twice", "not ours")


class Traffic:
    """Everything that calls an engine."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.random = world.random
        self.database = Database(":memory:")
        self.queue = Line(world, self.database)
        self.period = world.weather.period
        self._next = dict.fromkeys((LAUNCHES, CHECKS, NOTICES), inf)
        self.pace = Pace()
        self._renamed = 0
        self._forgeries = 0
        self._seen: dict[str, deque[Launch | Release]] = {}

    def begin(self) -> None:
        """Somebody starts each run, and perhaps somebody else does too. The queue's file is written within one
        transaction: nobody else reads it, and it need not outlive the world.
        """
        self.database.transaction.__enter__()
        for life in self.world.lives:
            if life is self.world.again.second:
                continue
            self._start(life, life.begins)
            if self.random.random() < 0.2:
                self.world.count("start: twice")
                self._start(life, life.begins)
        if self.period is not None:
            self.world.loop.at(self.world.now + self.period, self._sweep)
        if self.world.weather.outage:
            self._minute()

    def _minute(self) -> None:
        """All machines may crash at once, and whoever looks after the queue may know."""
        if not self.world.over:
            self.world.loop.at(self.world.now + 60.0, self._minute)
        if self.random.random() < self.world.weather.outage:
            self.world.loop.at(self.world.now + self.random.uniform(0.0, 60.0), self._outage)

    def _outage(self) -> None:
        self.world.count("everything: crashes")
        self.world.loop.crash()
        if self.random.random() < 0.5:
            for life in self.world.lives:
                self.queue.release(life.key, self.world.now)
            self._poll_at(LAUNCHES, self.world.now)
            self._poll_at(CHECKS, self.world.now)
            self._poll_at(NOTICES, self.world.now)

    def ended(self, run: str) -> None:
        """A run has ended: its tasks may be dropped, by a queue of one machine, and some day all of it is."""
        self.world.again.ended(run)
        if self.random.random() < 0.2 and self.world.weather.unique:
            self.world.count("queue: forgets the run")
            self.queue.forget(run)

    def close(self) -> None:
        self.database.close()

    # Tasks.

    def take(self, tasks: Sequence[Task]) -> None:
        """The queue takes tasks."""
        if tasks:
            self._forge(
                tasks[0].effect.run, [task.effect for task in tasks if isinstance(task.effect, Launch | Release)]
            )
            self.queue.put([self._named(task) for task in tasks])
            for queue in dict.fromkeys(task.queue for task in tasks):
                self._poll_at(queue, min(task.due for task in tasks if task.queue == queue))

    def _forge(self, run: str, put: Sequence[Launch | Release]) -> None:
        """Somebody puts a task that nobody owes, and for now, whatever it says of its time. He has seen the last."""
        if self.world.weather.forged:
            self._seen.setdefault(run, deque(maxlen=8)).extend(put)
        if self.random.random() >= self.world.weather.forged:
            return
        self.world.count("task: forged")
        self._forgeries += 1
        task = forged(self.random, run, self.world.life(run).plan, self._forgeries, self._seen[run])
        if task.due > self.world.now:
            delivery = Delivery(task.name, task.queue, task.effect, 1)
            self.spawn(task.name, lambda engine: perform(engine, delivery), lambda _: None, self.world.now)
            return
        self.queue.put([task])
        self.queue._effects.pop(task.name, None)  # another process made it, so it is read from the file
        self._poll_at(task.queue, self.world.now)

    def _named(self, task: Task) -> Task:
        if self.random.random() >= self.world.weather.forgotten:
            return task
        self._renamed += 1
        self.world.count("name: forgotten")
        return replace(task, name=f"{task.name}~{self._renamed}")

    def _poll_at(self, queue: str, due: float) -> None:
        """Deliver what is due then. A real queue does not do so to the second, either."""
        when = ceil(max(due, self.world.now))
        if when < self._next[queue]:
            self._next[queue] = when
            self.world.loop.at(when, lambda: self._poll(queue))

    def _poll(self, queue: str) -> None:
        """The queue delivers all that is due."""
        if self.world.now < self._next[queue]:
            return
        self._next[queue] = inf
        runs = [life.key for life in self.world.lives]
        for delivery in self.queue.lease(runs, queue, self.world.now, 100):
            self._deliver(queue, delivery)
        due = self.queue.next_due(runs, [queue])
        if due is not None:
            self._poll_at(queue, due)

    def _deliver(self, queue: str, delivery: Delivery) -> None:
        weather, random = self.world.weather, self.random
        self.world.again.delivers(queue, delivery)
        if queue != NOTICES and random.random() < weather.given_up:
            self.world.count("delivery: given up")
            self.queue.retry(replace(delivery, tries=MAX_TRIES), self.world.now, "given up")
            self.world.loop.died_unheard.append(delivery.name)
            return
        fault = random.choice(DELIVERY) if random.random() < weather.delivery else ""
        if fault:
            self.world.count(f"delivery: {fault}")
        wake = self.world.now + random.choice([0.0, random.random()])
        if fault == "late":
            wake += random.expovariate(1 / 60)
        if fault == "again when done":
            again = self.world.now + random.expovariate(1 / random.choice([20, 900]))
            self.world.loop.at(again, lambda: self.perform(queue, delivery, again, acknowledge=False))
        if fault == "twice":
            self.perform(queue, delivery, wake)
        if fault != "lost":
            self.perform(queue, delivery, wake, acknowledge=fault != "acknowledgement lost")

    def perform(self, queue: str, delivery: Delivery, wake: float, *, acknowledge: bool = True) -> None:
        """A task is delivered at ``wake``. What will never be there is dropped, as the deployed function does."""

        def done(error: BaseException | None) -> None:
            if (error is None and acknowledge) or isinstance(error, NotFoundError):  # dropped, and not tried again
                self.queue.acknowledge([delivery])
            elif isinstance(error, OrchestratorError):
                self._again(queue, delivery, str(error))

        def body(engine: Engine) -> None:
            if not perform(engine, delivery):
                self.world.count("task: can never be performed")

        self.spawn(delivery.name, body, done, wake)

    def _again(self, queue: str, delivery: Delivery, error: str) -> None:
        """It failed. If it has failed too often, it is lost, and a sweep must come, even in a world without."""
        if self.queue.retry(delivery, self.world.now, error):
            self._poll_at(queue, self.world.now + 1.0)
            return
        self.world.loop.died_unheard.append(delivery.name)
        if self.period is None:
            self.period = 600.0
            self.world.loop.at(self.world.now + self.period, self._sweep)

    # Starts, sweeps, signals.

    def _start(self, life: Life, when: float) -> None:
        def done(error: BaseException | None) -> None:
            if error is not None:
                again(5.0)
            elif self.random.random() < 0.2:
                self.world.count("start: again")
                again(self.random.expovariate(1 / 300))

        def again(later: float) -> None:
            if life.last is None:  # else its id is free again
                self.world.loop.at(self.world.now + later, lambda: self._start(life, self.world.now))

        run = life.wanted(self.random.randbytes(7))
        self.spawn(f"start {life.name}", lambda engine: _started(engine, life, run), done, when)

    def _sweep(self) -> None:
        if self.world.over or self.period is None:
            return
        self.world.loop.at(self.world.now + self.period, self._sweep)
        for life in self.world.lives:
            if not life.over and life.stored is not None:
                self._sweep_one(life, life.stored.stop is not None)

    def _sweep_one(self, life: Life, stopped: bool) -> None:
        def done(error: BaseException | None) -> None:
            """A sweep that failed is not repeated: the next one comes."""
            if error is None and stopped:
                life.watch.cancelled()

        def sweep(engine: Engine) -> None:
            if run := engine.ledger.store.get_run(life.key):
                _, pace = engine.sweep_overdue(run, self.pace)
                self.pace = self.pace.and_of(pace)  # others were swept meanwhile

        times = 2 if self.random.random() < 0.2 else 1
        if times == 2:
            self.world.count("sweep: twice")
        for _ in range(times):
            self.spawn(f"sweep {life.name}", sweep, done, self.world.now)

    def announce(self, name: str, end: float) -> None:
        """A job of that name ends at ``end``: the signals of it."""
        fault = self.random.choice(SIGNAL) if self.random.random() < self.world.weather.signal else ""
        if fault:
            self.world.count(f"signal: {fault}")
        when = end + self.random.random() * 3
        if fault == "late":
            when += self.random.expovariate(1 / 300)
        if fault == "early":
            when = max(self.world.now, end - self.random.expovariate(1 / 60))
        for _ in range(2 if fault == "twice" else 1):
            self.signal("their-job" if fault == "not ours" else name, when, 0 if fault == "lost" else SIGNAL_TRIES)

    def signal(self, name: str, when: float, tries: int = SIGNAL_TRIES) -> None:
        """Somebody says at ``when`` that a job has ended, and says so again if nobody listens."""
        if not tries:
            return

        def done(error: BaseException | None) -> None:
            if error is not None:
                self.signal(name, self.world.now + 10.0, tries - 1)

        self.world.loop.at(when, lambda: self.spawn(f"signal {name}", lambda engine: engine.signal(name), done, when))

    def spawn(
        self,
        name: str,
        body: Callable[[Engine], object],
        done: Callable[[BaseException | None], None],
        wake: float,
    ) -> None:
        """A handler on any of the machines. A crash takes what its machine remembered."""
        number = self.random.randrange(len(self.world.machines))

        def over(error: BaseException | None) -> None:
            if isinstance(error, Crash):
                self.world.machines[number] = self.world.machine()
                self.world.threads.died(number)
            elif error is not None and not self._helped(name, error):
                self.world.failures.append(f"{name}: raised {error!r}, which no retry can help")
            done(error)

        self.world.loop.spawn(name, lambda: body(self.world.machines[number]), over, wake, number)

    def _helped(self, name: str, error: BaseException) -> bool:
        """Whether another try may help, or nothing needs to: what a run that is gone is asked for is dropped."""
        if isinstance(error, NotFoundError):
            return any(life.last is not None and name.startswith(life.key) for life in self.world.lives)
        return isinstance(error, OrchestratorError) and error.retryable


def _started(engine: Engine, life: Life, run: Run) -> Run:
    """The run that is there now. What it keeps is read as it is written."""
    return engine.start(run, life.base, kept=iter(life.kept.items()))
