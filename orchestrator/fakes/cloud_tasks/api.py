"""The methods of the fake of Cloud Tasks, on queues in memory and under one lock."""

import secrets
import threading
from dataclasses import dataclass, field

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.backoff import Bucket, complete
from orchestrator.fakes.cloud_tasks.queue import TaskQueue, stamp
from orchestrator.fakes.cloud_tasks.refusals import check_name, check_queue, check_task, no_queue, queue_taken
from orchestrator.ports import Clock

State = tasks_v2.Queue.State


@dataclass(slots=True)
class CloudTasksApi:
    """Every method raises Refusal for what Cloud Tasks would refuse. ``changed`` is the lock, notified of each change.

    ``queues_taken``: for how many seconds the name of a deleted queue stays taken.
    """

    clock: Clock
    scale: float
    names_taken: float
    queues_taken: float
    changed: threading.Condition = field(default_factory=threading.Condition)
    queues: dict[str, TaskQueue] = field(default_factory=dict)
    _deleted: dict[str, float] = field(default_factory=dict)

    def create_queue(self, request: tasks_v2.CreateQueueRequest) -> tasks_v2.Queue:
        check_queue(request.parent, request.queue)
        name = request.queue.name
        if name in self.queues or self._deleted.get(name, 0.0) > self.clock():
            raise queue_taken(tombstone=name not in self.queues)
        queue = complete(tasks_v2.Queue(request.queue))
        rates = queue.rate_limits
        bucket = Bucket(rates.max_dispatches_per_second, rates.max_burst_size, self.clock())
        self.queues[name] = TaskQueue(queue, bucket, self.scale, self.names_taken)
        return queue

    def get_queue(self, request: tasks_v2.GetQueueRequest) -> tasks_v2.Queue:
        return self._queue(request.name).resource

    def list_queues(self, request: tasks_v2.ListQueuesRequest) -> tasks_v2.ListQueuesResponse:
        names = sorted(name for name in self.queues if name.startswith(f"{request.parent}/queues/"))
        page, token = _page(names, request.page_size or 9800, request.page_token)
        return tasks_v2.ListQueuesResponse(queues=[self.queues[name].resource for name in page], next_page_token=token)

    def update_queue(self, request: tasks_v2.UpdateQueueRequest) -> tasks_v2.Queue:
        """Creates the queue if it does not exist. Changes only the fields in the mask, or all if there is none."""
        name = request.queue.name
        check_queue(name.partition("/queues/")[0], request.queue)
        if name not in self.queues:
            created = tasks_v2.CreateQueueRequest(parent=name.partition("/queues/")[0], queue=request.queue)
            return self.create_queue(created)
        queue = self.queues[name]
        for path in list(request.update_mask.paths) or ["rate_limits", "retry_config"]:
            source, target = request.queue, queue.resource
            *outer, last = path.split(".")
            for part in outer:
                source, target = getattr(source, part), getattr(target, part)
            setattr(target, last, getattr(source, last))
        rates = complete(queue.resource).rate_limits
        queue.bucket.rate, queue.bucket.burst = rates.max_dispatches_per_second, rates.max_burst_size
        return queue.resource

    def delete_queue(self, request: tasks_v2.DeleteQueueRequest) -> None:
        queue, now = self._queue(request.name), self.clock()
        for queued in list(queue.tasks.values()):
            queue.remove(queued, now)
        del self.queues[request.name]
        self._deleted[request.name] = now + self.queues_taken

    def pause_queue(self, request: tasks_v2.PauseQueueRequest) -> tasks_v2.Queue:
        queue = self._queue(request.name).resource
        queue.state = State(State.PAUSED)
        return queue

    def resume_queue(self, request: tasks_v2.ResumeQueueRequest) -> tasks_v2.Queue:
        queue = self._queue(request.name).resource
        queue.state = State(State.RUNNING)
        return queue

    def purge_queue(self, request: tasks_v2.PurgeQueueRequest) -> tasks_v2.Queue:
        queue, now = self._queue(request.name), self.clock()
        for queued in list(queue.tasks.values()):
            queue.remove(queued, now)
        queue.resource.purge_time = stamp(now)
        return queue.resource

    def create_task(self, request: tasks_v2.CreateTaskRequest) -> tasks_v2.Task:
        task, now = tasks_v2.Task(request.task), self.clock()
        task.name = task.name or f"{request.parent}/tasks/{secrets.randbelow(10**19)}"
        check_name(request.parent, task.name)
        queue = self._queue(request.parent)
        check_task(task, now)
        task.create_time = stamp(now)
        if "schedule_time" not in task or task.schedule_time < task.create_time:
            task.schedule_time = task.create_time
        return _view(queue.add(task, now).task, request.response_view)

    def get_task(self, request: tasks_v2.GetTaskRequest) -> tasks_v2.Task:
        queue = self._queue(request.name.partition("/tasks/")[0])
        return _view(queue.find(request.name, self.clock()).task, request.response_view)

    def list_tasks(self, request: tasks_v2.ListTasksRequest) -> tasks_v2.ListTasksResponse:
        queue = self._queue(request.parent)
        page, token = _page(sorted(queue.tasks), request.page_size or 1000, request.page_token)
        tasks = [_view(queue.tasks[name].task, request.response_view) for name in page]
        return tasks_v2.ListTasksResponse(tasks=tasks, next_page_token=token)

    def delete_task(self, request: tasks_v2.DeleteTaskRequest) -> None:
        queue, now = self._queue(request.name.partition("/tasks/")[0]), self.clock()
        queue.remove(queue.find(request.name, now), now)

    def run_task(self, request: tasks_v2.RunTaskRequest) -> tasks_v2.Task:
        """Delivers the task now, even if its queue is paused or at its rate limit; a failure is retried as usual."""
        queue = self._queue(request.name.partition("/tasks/")[0])
        queued = queue.find(request.name, self.clock())
        queue.force(queued)
        return _view(queued.task, request.response_view)

    def _queue(self, name: str) -> TaskQueue:
        if name not in self.queues:
            raise no_queue()
        return self.queues[name]


def _view(task: tasks_v2.Task, view: tasks_v2.Task.View) -> tasks_v2.Task:
    """A copy; BASIC, the default view, leaves out the body, which may be large or secret."""
    full = view == tasks_v2.Task.View.FULL
    copy = tasks_v2.Task(task)
    copy.view = tasks_v2.Task.View(tasks_v2.Task.View.FULL if full else tasks_v2.Task.View.BASIC)
    if not full:
        copy.http_request.body = b""
    return copy


def _page(names: list[str], size: int, token: str) -> tuple[list[str], str]:
    rest = [name for name in names if name > token]
    page = rest[:size]
    return page, page[-1] if len(rest) > size else ""
