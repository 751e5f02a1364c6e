"""A deployed world for tests of the functions: the emulator, both fakes, and each entry point an app in process."""

import base64
import io
import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from google.cloud import tasks_v2
from werkzeug.test import TestResponse

from orchestrator.cloud.signals import PUBSUB
from orchestrator.cloud.wiring import QUEUE_NAME
from orchestrator.core.messages import Effect
from orchestrator.core.names import new_key
from orchestrator.core.task_codec import encode
from orchestrator.fakes.cloud_tasks.faults import CallFault
from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from orchestrator.fakes.dataflow.script import Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.ports import QUEUES as NAMES
from tests.contract.queues import client_of

MAIN = Path(__file__).resolve().parents[2] / "functions" / "main.py"

#: The key of the first run that a test starts.
KEY = new_key(bytes(7))

KINDS = {
    "on_signal": "cloudevent",
    "on_task": "http",
    "start": "http",
    "sweep": "http",
    "console": "http",
    "console_view": "http",
}
TRACE = "105445aa7843bc8bf206b12000100000"
QUEUES = "projects/{project}/locations/europe-west4/queues"

GRAPH = """\
name: sales
params: {date: date, rows: {type: int, default: 3}}
steps:
  orders: {dataflow: {template: gs://b/orders.json, region: europe-west4}, retry: {attempts: 2, delay: 1s}}
  report: {after: orders}
"""


@dataclass
class Cloud:
    """The functions of one deployment. Its queues are paused: what they hold is what was put."""

    project: str
    folder: Path
    tasks: tasks_v2.CloudTasksClient
    dataflow: FakeDataflow
    faults: list[CallFault]
    apps: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)

    def app(self, target: str) -> Any:
        """The app of an entry point, as functions-framework makes it. Each has imported ``main.py`` anew."""
        if target not in self.apps:
            self.apps[target] = functions_framework.create_app(target, str(MAIN), KINDS[target])
            self.modules[target] = sys.modules["main"]
        return self.apps[target]

    def post(self, target: str, body: object, headers: Mapping[str, str] | None = None) -> TestResponse:
        """The answer to a body: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        if target == "on_task":  # Cloud Tasks says so of all that it delivers
            given.setdefault(QUEUE_NAME, "launches" if b'"do":"launch"' in data else "checks")
        return self.app(target).test_client().post("/", data=data, headers=given)

    def task(self, effect: Effect) -> TestResponse:
        return self.post("on_task", encode(effect).encode(), {"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"})

    def world(self, target: str) -> Any:
        """The world of an entry point: what its own module is connected to."""
        self.app(target)
        return self.modules[target].world()

    def queued(self, queue: str = "checks") -> list[tasks_v2.Task]:
        """The tasks in a queue."""
        parent = f"{QUEUES.format(project=self.project)}/{queue}"
        return list(self.tasks.list_tasks(request={"parent": parent, "response_view": "FULL"}))


@contextmanager
def cloud_of(project: str, firestore: str | None, folder: Path, env: pytest.MonkeyPatch) -> Iterator[Cloud]:
    queues = QUEUES.format(project=project)
    (folder / "graphs").mkdir(exist_ok=True)
    (folder / "graphs" / "sales.yaml").write_text(GRAPH)
    faults: list[CallFault] = []
    with ExitStack() as stack:
        dataflow = stack.enter_context(FakeDataflow(lambda _: Script(0, 0, None), project=project))
        fake = stack.enter_context(
            FakeCloudTasks(
                [tasks_v2.Queue(name=f"{queues}/{queue}") for queue in NAMES],
                call_faults=lambda name: faults[0] if faults and name == "CreateTask" else None,
            )
        )
        client = stack.enter_context(client_of(fake.endpoint))
        for queue in NAMES:
            client.pause_queue(name=f"{queues}/{queue}")
        for name, value in {
            "FIRESTORE_EMULATOR_HOST": firestore or "127.0.0.1:9",
            "CLOUD_TASKS_EMULATOR_HOST": fake.endpoint,
            "DATAFLOW_EMULATOR_URL": dataflow.url,
            "ORCHESTRATOR_PROJECT": project,
            "ORCHESTRATOR_REGION": "europe-west4",
            "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
            "ORCHESTRATOR_CHECKS_QUEUE": "checks",
            "ORCHESTRATOR_SIGNALS_QUEUE": "signals",
            "ORCHESTRATOR_TASK_URL": "http://127.0.0.1:9/",
            "ORCHESTRATOR_TASK_ACCOUNT": f"tasks@{project}.iam.gserviceaccount.com",
            "ORCHESTRATOR_SIGNALS_ACCOUNT": f"checker@{project}.iam.gserviceaccount.com",
            "ORCHESTRATOR_FOLDER": str(folder),
        }.items():
            env.setenv(name, value)
        noise = itertools.count()
        env.setattr(
            "orchestrator.definition.run_request.token_bytes", lambda size: next(noise).to_bytes(size, "little")
        )
        cloud = Cloud(project, folder, client, dataflow, faults)
        yield cloud
        for target in cloud.apps:
            cloud.world(target).close()


def event(kind: str = PUBSUB) -> dict[str, str]:
    """The headers of an event in binary mode."""
    return {"ce-id": "1", "ce-source": "//test", "ce-specversion": "1.0", "ce-type": kind}


def pushed(entry: object) -> dict[str, Any]:
    """A log entry as Pub/Sub delivers it."""
    data = base64.b64encode(entry if isinstance(entry, bytes) else json.dumps(entry).encode()).decode()
    return {"message": {"data": data, "messageId": "1", "publishTime": "2026-01-31T06:00:00Z"}, "subscription": "s"}


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    """What is logged inside: each line must be one JSON object. Read it after the block."""
    lines: list[dict[str, Any]] = []
    with redirect_stdout(io.StringIO()) as out:
        yield lines
    lines += [json.loads(line) for line in out.getvalue().splitlines()]
