"""One queue of the fake of Cloud Tasks: its tasks, the names that stay taken, and which task is delivered next.

It uses no sockets, threads or clocks: the caller has taken the API's lock, and passes the time.
"""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.backoff import TASK_TTL, Bucket, backoff, exhausted
from orchestrator.fakes.cloud_tasks.refusals import no_task, task_taken


@dataclass(slots=True, eq=False)
class Queued:
    """A task in the queue. ``due``: when to deliver it. ``executions``: how many responses, without 5xx, it had.

    ``previous``: the status of the last response.
    """

    task: tasks_v2.Task
    due: float
    running: bool = False
    gone: bool = False
    executions: int = 0
    previous: int | None = None
    first: float = 0.0

    @property
    def id(self) -> str:
        return str(self.task.name.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a delivery. ``status`` None: no response in time. ``retry_after``: seconds, if it has that."""

    status: int | None
    retry_after: float = 0.0

    @property
    def success(self) -> bool:
        return self.status is not None and 200 <= self.status <= 299

    @property
    def overloaded(self) -> bool:
        return self.status in (429, 503)


def stamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(slots=True)
class TaskQueue:
    """A queue. ``scale`` multiplies delays. ``names_taken``: for how many seconds a removed task's name stays taken."""

    resource: tasks_v2.Queue
    bucket: Bucket
    scale: float
    names_taken: float
    tasks: dict[str, Queued] = field(default_factory=dict)
    running: int = 0
    _taken_until: dict[str, float] = field(default_factory=dict)
    _forced: "deque[Queued]" = field(default_factory=deque)
    _waiting: list[tuple[float, int, Queued]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def add(self, task: tasks_v2.Task, now: float) -> Queued:
        """Add a task. Raises Refusal if its name is taken."""
        ahead = (task.schedule_time - task.create_time).total_seconds()
        queued = Queued(task, now + ahead * self.scale)
        if queued.id in self.tasks or self._tombstone(queued.id, now):
            raise task_taken(tombstone=queued.id not in self.tasks)
        self.tasks[queued.id] = queued
        self._wait(queued)
        return queued

    def find(self, name: str, now: float) -> Queued:
        """The task with this name. Raises Refusal if there is none."""
        identity = name.rpartition("/")[2]
        if identity not in self.tasks:
            raise no_task(self._tombstone(identity, now))
        return self.tasks[identity]

    def remove(self, queued: Queued, now: float) -> None:
        """Remove a task that was done, deleted, purged or given up. Its name stays taken."""
        queued.gone = True
        if self.tasks.pop(queued.id, None) is not None:
            self._taken_until[queued.id] = now + self.names_taken

    def force(self, queued: Queued) -> None:
        """Deliver this task next, even if the queue is paused or at its rate limit (RunTask)."""
        self._forced.append(queued)

    def take(self, now: float) -> Queued | None:
        """The next task that may be delivered now, marked as running; None if there is none."""
        while self._forced:
            if not (queued := self._forced.popleft()).gone and not queued.running:
                return self._start(queued, now)
        while (head := self._head()) is not None and now - head.task.create_time.timestamp() > TASK_TTL:
            self.remove(head, now)
        if head is None or head.due > now or not self._open or not self.bucket.take(now):
            return None
        return self._start(head, now)

    def wakes(self, now: float) -> float | None:
        """Seconds until ``take`` may return a task; None if that depends on an event. Call it after ``take``."""
        head = self._head()
        if self._forced:
            return 0.0
        if head is None or not self._open:
            return None
        return head.due - now if head.due > now else self.bucket.wait()

    def busy(self, now: float) -> bool:
        """Whether a task is being delivered, or could be."""
        head = self._head()
        return self.running > 0 or bool(self._forced) or (self._open and head is not None and head.due <= now)

    def finish(self, queued: Queued, answer: Answer, now: float) -> None:
        """Process the ``answer`` to a delivery: the task is done, is retried later, or is given up silently."""
        self.running -= 1
        queued.running = False
        if answer.overloaded:
            self.bucket.slow_down()
        elif answer.success:
            self.bucket.speed_up()
        self._note(queued, answer, now)
        if queued.gone:
            return
        attempts, retry = queued.task.dispatch_count, self.resource.retry_config
        if answer.success or exhausted(retry, attempts, (now - queued.first) / self.scale):
            self.remove(queued, now)
            return
        wait = max(backoff(retry, attempts), answer.retry_after)
        queued.task.schedule_time = stamp(now + wait)
        queued.due = now + wait * self.scale
        self._wait(queued)

    @property
    def _open(self) -> bool:
        paused = self.resource.state != tasks_v2.Queue.State.RUNNING
        return not paused and self.running < self.resource.rate_limits.max_concurrent_dispatches

    def _wait(self, queued: Queued) -> None:
        heapq.heappush(self._waiting, (queued.due, next(self._order), queued))

    def _head(self) -> Queued | None:
        while self._waiting:
            due, _, queued = self._waiting[0]
            if not queued.gone and not queued.running and queued.due == due:
                return queued
            heapq.heappop(self._waiting)
        return None

    def _start(self, queued: Queued, now: float) -> Queued:
        queued.running = True
        self.running += 1
        queued.first = queued.first or now
        queued.task.dispatch_count += 1
        attempt = tasks_v2.Attempt(schedule_time=queued.task.schedule_time, dispatch_time=stamp(now))
        queued.task.last_attempt = attempt
        if queued.task.dispatch_count == 1:
            queued.task.first_attempt = tasks_v2.Attempt(dispatch_time=attempt.dispatch_time)
        return queued

    def _note(self, queued: Queued, answer: Answer, now: float) -> None:
        """X-CloudTasks-TaskExecutionCount leaves out 5xx (recorded: 0 after a 503, 1 after the 404 that followed)."""
        if answer.status is None:
            return
        queued.previous = answer.status
        queued.executions += answer.status < 500
        queued.task.response_count += 1
        queued.task.last_attempt.response_time = stamp(now)

    def _tombstone(self, identity: str, now: float) -> bool:
        return self._taken_until.get(identity, 0.0) > now
