"""One bench for every queue: put tasks, turn the clock, take what is delivered and answer it. For test_queue.py."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from orchestrator.core.messages import Effect
from orchestrator.core.task_codec import decode
from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from orchestrator.home.database import Database
from orchestrator.ports import CHECKS, LAUNCHES, QUEUES, Queue, Task
from orchestrator.queues.cloud_tasks import CloudTasksConfig, CloudTasksQueue, connect
from orchestrator.queues.local import MAX_TRIES, LocalQueue

PLACE = "projects/p/locations/l"
AUDIENCE = "https://functions.example"
ACCOUNT = "tasks@p.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Delivered:
    """A task as it came, and the how manieth time that was."""

    effect: Effect
    tries: int


class Bench(Protocol):
    """A queue with both its ends. Time stands still but for ``deliver``."""

    queue: Queue

    def deliver(
        self, now: float, queue: str = CHECKS, *, well: bool = True, meanwhile: Callable[[], None] = lambda: None
    ) -> list[Delivered]:
        """What is delivered when the clock says ``now``; ``meanwhile`` runs while it is out; it goes ``well`` or not"""
        ...

    def next_due(self) -> float | None:
        """When the next task falls due, of any queue."""
        ...


@dataclass
class LocalBench:
    queue: LocalQueue

    def deliver(
        self, now: float, queue: str = CHECKS, *, well: bool = True, meanwhile: Callable[[], None] = lambda: None
    ) -> list[Delivered]:
        leased = self.queue.lease(["k"], queue, now, 10_000)
        meanwhile()
        if well:
            self.queue.acknowledge(leased)
        for delivery in () if well else leased:
            self.queue.retry(delivery, now, "no")
        return [Delivered(delivery.effect, delivery.tries) for delivery in leased]

    def next_due(self) -> float | None:
        return self.queue.next_due(["k"], [CHECKS, LAUNCHES])


@dataclass(frozen=True)
class Request:
    """A request as the target got it."""

    headers: dict[str, str]
    body: bytes


class Target(ThreadingHTTPServer):
    """The function that tasks are delivered to. ``answer`` says what it answers: a status, and headers."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/on_task"
        self.requests: list[Request] = []
        self.answer: Callable[[Request], tuple[int, dict[str, str]]] = lambda _: (200, {})

    def __enter__(self) -> "Target":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up does not want to hear of it."""


class _Handler(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        request = Request(dict(self.headers), self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.requests.append(request)
        status, headers = self.server.answer(request)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Hand:
    """A clock that is turned by hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def queue_message(name: str, **retry: object) -> tasks_v2.Queue:
    """The queue of that name, with that retry configuration."""
    return tasks_v2.Queue(name=f"{PLACE}/queues/{name}", retry_config=tasks_v2.RetryConfig(**retry))


def config(url: str, **others: object) -> CloudTasksConfig:
    queues = {queue: queue for queue in QUEUES}
    return CloudTasksConfig(**{"project": "p", "location": "l", "queues": queues, "url": url, "audience": AUDIENCE,
                               "service_account": ACCOUNT, **others})  # fmt: skip


@contextmanager
def client_of(endpoint: str) -> Iterator[tasks_v2.CloudTasksClient]:
    """The real client, talking to a fake."""
    transport = CloudTasksGrpcTransport(channel=grpc.insecure_channel(endpoint))
    with tasks_v2.CloudTasksClient(transport=transport) as client:
        yield client


@dataclass
class CloudBench:
    """The real client, the fake and an HTTP target. The queues are paused, but while a test takes deliveries."""

    queue: CloudTasksQueue
    client: tasks_v2.CloudTasksClient
    fake: FakeCloudTasks
    target: Target
    clock: Hand

    def deliver(
        self, now: float, queue: str = CHECKS, *, well: bool = True, meanwhile: Callable[[], None] = lambda: None
    ) -> list[Delivered]:
        def answer(_: Request) -> tuple[int, dict[str, str]]:
            meanwhile()
            return (200 if well else 500), {}

        self.clock.now = now
        self.target.answer = answer
        self.target.requests.clear()
        name = f"{PLACE}/queues/{queue}"
        self.client.resume_queue(name=name)
        assert self.fake.idle()
        self.client.pause_queue(name=name)
        return [
            Delivered(decode(request.body), int(request.headers["X-CloudTasks-TaskRetryCount"]) + 1)
            for request in self.target.requests
        ]

    def next_due(self) -> float | None:
        tasks = [task for queue in QUEUES for task in self.client.list_tasks(parent=f"{PLACE}/queues/{queue}")]
        return min((task.schedule_time.timestamp() for task in tasks), default=None)


@contextmanager
def local_bench(path: Path) -> Iterator[LocalBench]:
    database = Database(path)
    yield LocalBench(LocalQueue(database))
    database.close()


@contextmanager
def cloud_bench() -> Iterator[CloudBench]:
    """Retries and a giving up like the local queue's: 1, 2, 4 … 60 s, so many times."""
    retry = {"max_attempts": MAX_TRIES, "min_backoff": timedelta(seconds=1), "max_backoff": timedelta(seconds=60)}
    queues = [queue_message(queue, **retry) for queue in QUEUES]
    clock = Hand()
    with ExitStack() as stack:
        target = stack.enter_context(Target())
        fake = stack.enter_context(FakeCloudTasks(queues, clock=clock, names_taken=1e12))
        client = stack.enter_context(client_of(fake.endpoint))
        queue = connect(config(target.url), fake.endpoint, clock)
        stack.callback(queue.close)
        for name in QUEUES:
            client.pause_queue(name=f"{PLACE}/queues/{name}")
        yield CloudBench(queue, client, fake, target, clock)


def effects(delivered: Sequence[Delivered]) -> list[Effect]:
    """What was delivered, in an order that does not depend on the queue's."""
    return sorted((item.effect for item in delivered), key=lambda effect: effect.name)


def body_of(task: tasks_v2.Task) -> object:
    return json.loads(task.http_request.body)


def task(effect: Effect, queue: str = CHECKS, name: str = "") -> Task:
    return Task(name or effect.name, queue, effect)
