"""What the fake Cloud Tasks answers to each call: the API's verbs, over queues in memory and under one lock."""

import secrets
import threading
from dataclasses import dataclass, field

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.backoff import Bucket, complete
from orchestrator.fakes.cloud_tasks.queue import Book, stamp
from orchestrator.fakes.cloud_tasks.refusals import check_name, check_queue, check_task, no_queue, queue_taken
from orchestrator.ports import Clock

State = tasks_v2.Queue.State


@dataclass(slots=True)
class Office:
    """Every verb raises Refusal for what Cloud Tasks would refuse. ``changed`` is the lock, notified of each change.

    ``queues_taken``: seconds for which the name of a deleted queue stays taken.
    """

    clock: Clock
    scale: float
    names_taken: float
    queues_taken: float
    changed: threading.Condition = field(default_factory=threading.Condition)
    books: dict[str, Book] = field(default_factory=dict)
    _deleted: dict[str, float] = field(default_factory=dict)

    def create_queue(self, request: tasks_v2.CreateQueueRequest) -> tasks_v2.Queue:
        check_queue(request.parent, request.queue)
        name = request.queue.name
        if name in self.books or self._deleted.get(name, 0.0) > self.clock():
            raise queue_taken(tombstone=name not in self.books)
        queue = complete(tasks_v2.Queue(request.queue))
        rates = queue.rate_limits
        bucket = Bucket(rates.max_dispatches_per_second, rates.max_burst_size, self.clock())
        self.books[name] = Book(queue, bucket, self.scale, self.names_taken)
        return queue

    def get_queue(self, request: tasks_v2.GetQueueRequest) -> tasks_v2.Queue:
        return self._book(request.name).queue

    def list_queues(self, request: tasks_v2.ListQueuesRequest) -> tasks_v2.ListQueuesResponse:
        names = sorted(name for name in self.books if name.startswith(f"{request.parent}/queues/"))
        page, token = _page(names, request.page_size or 9800, request.page_token)
        return tasks_v2.ListQueuesResponse(queues=[self.books[name].queue for name in page], next_page_token=token)

    def update_queue(self, request: tasks_v2.UpdateQueueRequest) -> tasks_v2.Queue:
        """Creates the queue if it is not there; changes only what the mask names, or all if there is none."""
        name = request.queue.name
        check_queue(name.partition("/queues/")[0], request.queue)
        if name not in self.books:
            created = tasks_v2.CreateQueueRequest(parent=name.partition("/queues/")[0], queue=request.queue)
            return self.create_queue(created)
        book = self.books[name]
        for path in list(request.update_mask.paths) or ["rate_limits", "retry_config"]:
            source, target = request.queue, book.queue
            *outer, last = path.split(".")
            for part in outer:
                source, target = getattr(source, part), getattr(target, part)
            setattr(target, last, getattr(source, last))
        rates = complete(book.queue).rate_limits
        book.bucket.rate, book.bucket.burst = rates.max_dispatches_per_second, rates.max_burst_size
        return book.queue

    def delete_queue(self, request: tasks_v2.DeleteQueueRequest) -> None:
        book, now = self._book(request.name), self.clock()
        for held in list(book.tasks.values()):
            book.remove(held, now)
        del self.books[request.name]
        self._deleted[request.name] = now + self.queues_taken

    def pause_queue(self, request: tasks_v2.PauseQueueRequest) -> tasks_v2.Queue:
        queue = self._book(request.name).queue
        queue.state = State(State.PAUSED)
        return queue

    def resume_queue(self, request: tasks_v2.ResumeQueueRequest) -> tasks_v2.Queue:
        queue = self._book(request.name).queue
        queue.state = State(State.RUNNING)
        return queue

    def purge_queue(self, request: tasks_v2.PurgeQueueRequest) -> tasks_v2.Queue:
        book, now = self._book(request.name), self.clock()
        for held in list(book.tasks.values()):
            book.remove(held, now)
        book.queue.purge_time = stamp(now)
        return book.queue

    def create_task(self, request: tasks_v2.CreateTaskRequest) -> tasks_v2.Task:
        task, now = tasks_v2.Task(request.task), self.clock()
        task.name = task.name or f"{request.parent}/tasks/{secrets.randbelow(10**19)}"
        check_name(request.parent, task.name)
        book = self._book(request.parent)
        check_task(task, now)
        task.create_time = stamp(now)
        if "schedule_time" not in task or task.schedule_time < task.create_time:
            task.schedule_time = task.create_time
        return _view(book.add(task, now).task, request.response_view)

    def get_task(self, request: tasks_v2.GetTaskRequest) -> tasks_v2.Task:
        book = self._book(request.name.partition("/tasks/")[0])
        return _view(book.find(request.name, self.clock()).task, request.response_view)

    def list_tasks(self, request: tasks_v2.ListTasksRequest) -> tasks_v2.ListTasksResponse:
        book = self._book(request.parent)
        page, token = _page(sorted(book.tasks), request.page_size or 1000, request.page_token)
        tasks = [_view(book.tasks[name].task, request.response_view) for name in page]
        return tasks_v2.ListTasksResponse(tasks=tasks, next_page_token=token)

    def delete_task(self, request: tasks_v2.DeleteTaskRequest) -> None:
        book, now = self._book(request.name.partition("/tasks/")[0]), self.clock()
        book.remove(book.find(request.name, now), now)

    def run_task(self, request: tasks_v2.RunTaskRequest) -> tasks_v2.Task:
        """Sends the task out now, even from a paused queue and however fast; a failure is retried from now on."""
        book = self._book(request.name.partition("/tasks/")[0])
        held = book.find(request.name, self.clock())
        book.force(held)
        return _view(held.task, request.response_view)

    def _book(self, name: str) -> Book:
        if name not in self.books:
            raise no_queue()
        return self.books[name]


def _view(task: tasks_v2.Task, view: tasks_v2.Task.View) -> tasks_v2.Task:
    """A copy; BASIC, the default, leaves out what may be large or secret: the body."""
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
