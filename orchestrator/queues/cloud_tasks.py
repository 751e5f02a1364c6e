"""Google Cloud Tasks as the queue: names, delays, retries of the call, and who the task says it is. Decides nothing."""

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

from orchestrator.core.messages import decode, encode
from orchestrator.errors import QueueError, UsageError
from orchestrator.ports import QUEUES, Clock, Task

DAY = 86_400.0

#: A task may be scheduled at most 30 days ahead (CreateTask, ``schedule_time``). One that is due later hops: it is
#: delivered every 29 days and put again. The half day either side is for clocks that differ and deliveries that lag.
HOP = 29 * DAY
_SLACK = DAY / 2

#: Calls at once: well below the 100 streams that Google's front ends allow a connection. A call that makes a named task
#: takes 50 to 200 ms, so 1,000 tasks take 1 to 4 s.
CALLS_AT_ONCE = 64

#: Seconds for one try of a call. The client has a time-out of 20 s, and no retry at all (2.26).
TRY = 5.0

#: What our tasks are called (``task_id`` keeps as much of it).
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

    ``queues``: the id of each queue in Cloud Tasks. ``url``: where tasks are delivered. ``audience``: the audience of
    their OIDC tokens; never left to the default, which is the whole ``url``. ``service_account``: the account of the
    tokens, which must belong to the queue's project. ``accounts``: other accounts, by queue. ``dispatch_deadline``:
    seconds until an unanswered delivery is repeated, 15 s to 30 min. ``timeout``: seconds for all tries of a call.
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
        """Whose token a queue's tasks carry."""
        return self.accounts.get(queue, self.service_account)


class CloudTasksQueue:
    """The port's ``put``. Safe from many threads; make it after a fork, since a gRPC channel does not survive one."""

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
        broken = Event()  # One that certainly failed makes the caller put all again: the rest need not.

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
            return  # It is waiting, or was done "too recently": whoever put it first has paid.
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
                headers={"Content-Type": "application/json"},  # Cloud Tasks sets none by itself.
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
    """A valid task id (``[A-Za-z0-9_-]{1,500}``) for a name, for ever the same.

    The hash comes first: ids that begin alike raise the latency and error rate of every call (CreateTask, ``Task ID``).
    """
    return f"{hashlib.sha256(name.encode()).hexdigest()[:20]}-{re.sub('[^A-Za-z0-9_-]', '-', name)[:400]}"


def hops_to(due: float, now: float) -> int:
    """How many deliveries before the real one a task needs that is due then.

    Hop ``k`` is delivered ``k`` times 29 days before the task is due, whenever and however often it was put: so all
    puts of one task meet under one name, and a delivered hop always finds a smaller ``k``, never its own taken name.
    """
    return max(0, math.ceil((due - now - HOP - _SLACK) / HOP))


def hop(body: str | bytes, now: float) -> Task | None:
    """The task that this delivery only carries on its way: put it again, and be done. None if it is to be performed.

    Raises ValueError, as ``decode`` does, if the body is none of ours.
    """
    effect = decode(body)
    carried = json.loads(body).get("hop")
    if carried is None or effect.due <= now:
        return None
    # It is called "lane" there since older versions wrote it, and still read it.
    name, queue = (carried.get("name"), carried.get("lane")) if isinstance(carried, dict) else (None, None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or queue not in QUEUES:
        raise ValueError(
            f"a task's hop: expected the name and the queue of the task that it carries, got {carried!r:.60}"
        )
    return Task(name, str(queue), effect)


def _body(task: Task, hops: int) -> str:
    """The effect; and while it hops, what its task was called, for that is not always the effect's own name."""
    if not hops:
        return encode(task.effect)
    return json.dumps({**json.loads(encode(task.effect)), "hop": {"name": task.name, "lane": task.queue}})


def _words(error: Exception) -> str:
    cause = error.cause if isinstance(error, exceptions.RetryError) and error.cause is not None else error
    return " ".join(str(cause).split())
