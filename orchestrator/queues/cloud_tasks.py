"""The queue on Google Cloud Tasks: names of tasks, delays, retries of calls, and the tokens that tasks carry."""

import hashlib
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

import grpc
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from orchestrator.core.task_codec import decode, encode
from orchestrator.errors import QueueError, UsageError
from orchestrator.ports import QUEUES, Clock, Task

DAY = 86_400.0

#: A task may be scheduled at most 30 days ahead (CreateTask, ``schedule_time``). One that is due later hops: it is
#: delivered every 29 days and put again. Half a day on either side is for differing clocks and late deliveries.
HOP = 29 * DAY
_SLACK = DAY / 2

#: How many calls run at once: well below the 100 streams per connection that Google's front ends allow. Creating a
#: named task takes 50 to 200 ms, so 1,000 tasks take 1 to 4 s.
CALLS_AT_ONCE = 64

#: Seconds for one try of a call. By default the client has a timeout of 20 s and no retry (2.26).
TRY = 5.0

#: Valid names of our tasks (``task_id`` keeps this many characters).
_NAME = re.compile(r"[A-Za-z0-9_-]{1,400}")

_PASSING = if_exception_type(
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
    exceptions.InternalServerError,
)


@dataclass(frozen=True, slots=True)
class CloudTasksConfig:
    """Where tasks go and what they carry.

    ``queues``: the id in Cloud Tasks of each queue. ``url``: where tasks are delivered. ``audience``: the audience of
    their OIDC tokens; Google's default would be the whole ``url``. ``service_account``: the account of the tokens,
    which must belong to the queue's project. ``accounts``: exceptions to that, by queue. ``dispatch_deadline``: seconds
    until an unanswered delivery is repeated, 15 s to 30 min. ``timeout``: seconds for all tries of a call.
    """

    project: str
    location: str
    queues: Mapping[str, str]
    url: str
    audience: str
    service_account: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    dispatch_deadline: float = 600.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if missing := sorted(set(QUEUES) - set(self.queues)):
            raise UsageError(f"expected an id for each queue, got none for {', '.join(missing)}")

    def queue(self, name: str) -> str:
        """The full resource name of a queue."""
        return f"projects/{self.project}/locations/{self.location}/queues/{self.queues[name]}"

    def account(self, queue: str) -> str:
        """The account whose token a queue's tasks carry."""
        return self.accounts.get(queue, self.service_account)


class CloudTasksQueue:
    """The port's ``put``. Threads may share it. Create it after a fork, because a gRPC channel does not survive one."""

    def __init__(self, client: tasks_v2.CloudTasksClient, config: CloudTasksConfig, clock: Clock = time.time) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        again = Retry(predicate=_PASSING, initial=0.1, maximum=3.0, multiplier=2.0, timeout=config.timeout)
        self._call = again(client.create_task)

    def put(self, tasks: Sequence[Task]) -> None:
        requests = [self._request(task) for task in tasks]
        if len(requests) <= 1:
            for request in requests:
                self._create(request)
            return
        broken = Event()  # After one certain failure the caller puts all tasks again, so the rest can be left out.

        def create(request: tasks_v2.CreateTaskRequest) -> None:
            if broken.is_set():
                return
            try:
                self._create(request)
            except QueueError:
                broken.set()
                raise

        with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(requests)), "cloud-tasks") as threads:
            for _ in threads.map(create, requests):
                pass

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()  # type: ignore[no-untyped-call]

    def _create(self, request: tasks_v2.CreateTaskRequest) -> None:
        try:
            self._call(request, timeout=TRY)
        except exceptions.AlreadyExists:
            return  # It is waiting, or was done "too recently": the same task was put before.
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            raise QueueError(f"the queue {request.parent} did not take a task: {_words(error)}") from error

    def _request(self, task: Task) -> tasks_v2.CreateTaskRequest:
        now = self._clock()
        hops = hops_to(task.due, now)
        config, parent = self._config, self._config.queue(task.queue)
        message = tasks_v2.Task(
            name=f"{parent}/tasks/{task_id(f'{task.name}-hop-{hops}' if hops else task.name)}",
            http_request=tasks_v2.HttpRequest(
                url=config.url,
                http_method=tasks_v2.HttpMethod.POST,
                headers={"Content-Type": "application/json"},  # By default Cloud Tasks sets none.
                body=_body(task, hops).encode(),
                oidc_token=tasks_v2.OidcToken(
                    service_account_email=config.account(task.queue), audience=config.audience
                ),
            ),
            dispatch_deadline=timedelta(seconds=config.dispatch_deadline),
        )
        at = task.due - hops * HOP
        if at > now:
            message.schedule_time = datetime.fromtimestamp(at, UTC)
        return tasks_v2.CreateTaskRequest(parent=parent, task=message)


def connect(config: CloudTasksConfig, endpoint: str | None = None, clock: Clock = time.time) -> CloudTasksQueue:
    """The queue at Google, or at a fake on this machine if ``endpoint`` (``host:port``) is given."""
    if endpoint is not None:
        channel = grpc.insecure_channel(endpoint)
        return CloudTasksQueue(
            tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel)), config, clock
        )
    try:
        return CloudTasksQueue(tasks_v2.CloudTasksClient(), config, clock)
    except GoogleAuthError as error:
        raise QueueError(f"no way into Cloud Tasks: {_words(error)}") from error


def task_id(name: str) -> str:
    """A valid task id (``[A-Za-z0-9_-]{1,500}``) for a name, always the same.

    It begins with a hash, because ids with common beginnings make every call slower (CreateTask, ``Task ID``).
    """
    return f"{hashlib.sha256(name.encode()).hexdigest()[:20]}-{re.sub('[^A-Za-z0-9_-]', '-', name)[:400]}"


def hops_to(due: float, now: float) -> int:
    """How many hops a task needs that is due at ``due``.

    Hop ``k`` is delivered ``k`` times 29 days before the task is due, whenever and however often it was put. So all
    copies of a task have one name, and a delivered hop is put again with a smaller ``k``, never under its own name.
    """
    return max(0, math.ceil((due - now - HOP - _SLACK) / HOP))


def hop(body: str | bytes, now: float) -> Task | None:
    """The task to put again, if this delivery is only a hop; None if the task is to be performed now.

    Raises ValueError, as ``decode`` does, if the body is not a task of the orchestrator.
    """
    effect = decode(body)
    carried = json.loads(body).get("hop")
    if carried is None or effect.due <= now:
        return None
    # The queue is called "lane" in the body, because older versions write and read it so.
    name, queue = (carried.get("name"), carried.get("lane")) if isinstance(carried, dict) else (None, None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or queue not in QUEUES:
        raise ValueError(
            f"a task's hop: expected the name and the queue of the task that it carries, got {carried!r:.60}"
        )
    return Task(name, str(queue), effect)


def _body(task: Task, hops: int) -> str:
    """The effect as JSON. For a hop, also the name of the task, which may differ from the effect's name."""
    if not hops:
        return encode(task.effect)
    return json.dumps({**json.loads(encode(task.effect)), "hop": {"name": task.name, "lane": task.queue}})


def _words(error: Exception) -> str:
    cause = error.cause if isinstance(error, exceptions.RetryError) and error.cause is not None else error
    return " ".join(str(cause).split())
