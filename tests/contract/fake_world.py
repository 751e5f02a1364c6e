"""A fake of Cloud Tasks with one queue, a clock that stands still and a target: for test_cloud_tasks_*.py."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from tests.contract.queues import PLACE, Hand, Target, client_of

QUEUE = f"{PLACE}/queues/q"
HOUR = timedelta(hours=1)


@dataclass
class World:
    """One queue, ``q``, at a fake whose clock stands still, and a target for its tasks."""

    fake: FakeCloudTasks
    client: tasks_v2.CloudTasksClient
    target: Target
    clock: Hand

    def create(self, name: str = "t", queue: str = QUEUE, **others: object) -> tasks_v2.Task:
        request = {"url": self.target.url, "http_method": "POST", "body": b"hello"} | others.pop("http", {})
        task = {"name": f"{queue}/tasks/{name}", "http_request": request, **others}
        return self.client.create_task(parent=QUEUE, task=task)

    def turn(self, seconds: float) -> None:
        """Let happen what is due, let time pass, and let happen what that brings."""
        assert self.fake.idle()
        self.clock.now += seconds
        self.fake.wake()
        assert self.fake.idle()

    def names(self) -> list[str]:
        return [task.name.rpartition("/")[2] for task in self.client.list_tasks(parent=QUEUE)]

    def tries(self) -> list[str]:
        return [request.headers["X-CloudTasks-TaskRetryCount"] for request in self.target.requests]


@contextmanager
def world_of(
    rates: dict[str, object] | None = None, retry: dict[str, object] | None = None, **others: object
) -> Iterator[World]:
    queue = tasks_v2.Queue(name=QUEUE, rate_limits=rates, retry_config=retry)
    clock = Hand(1000.0)
    with ExitStack() as stack:
        target = stack.enter_context(Target())
        fake = stack.enter_context(FakeCloudTasks([queue], **{"clock": clock, **others}))
        yield World(fake, stack.enter_context(client_of(fake.endpoint)), target, clock)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come, for minutes if the machine is busy."""
    end = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)
