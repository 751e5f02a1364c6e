"""The functions as processes, with Google's Firestore emulator and both fakes, for attacks on what is deployed."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.ports import QUEUES
from orchestrator.rehearsal import emulators
from orchestrator.rehearsal.process import Function, free_port

PROJECT = "attacked"
_QUEUES = f"projects/{PROJECT}/locations/europe-west4/queues"


@dataclass
class Deployed:
    """``start`` and ``on_task``: where they are called. ``launched``: what Dataflow was asked for."""

    folder: Path
    start: str
    on_task: str
    firestore: str = ""
    launched: list[LaunchCall] = field(default_factory=list)

    def post(self, body: object, headers: Mapping[str, str] | None = None, to: str = "") -> tuple[int, Any]:
        """What ``start``, or whoever is ``to`` be asked, answers: the status, and the JSON or text of it."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            to or self.start, data, {"Content-Type": "application/json", **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read())

    def at_once(self, bodies: Sequence[object], threads: int = 50) -> list[tuple[int, Any]]:
        """The answers to all of them, asked by many at a time."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.post, bodies))


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


@contextmanager
def deployed(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Deployed]:
    """What lies in ``folder/graphs``, deployed: ``start`` and ``on_task`` as processes of functions-framework.

    ``variables``: what they are told besides where their world is.
    """
    ports = {target: free_port() for target in ("start", "on_task")}
    made = Deployed(folder, *(f"http://127.0.0.1:{ports[target]}" for target in ("start", "on_task")))

    def script(call: LaunchCall) -> Script:
        made.launched.append(call)
        return Script(0, 0, None)

    with ExitStack() as stack:
        made.firestore = stack.enter_context(emulators.running(emulators.FIRESTORE))
        queues = [tasks_v2.Queue(name=f"{_QUEUES}/{queue}") for queue in QUEUES]
        tasks = stack.enter_context(FakeCloudTasks(queues))
        dataflow = stack.enter_context(FakeDataflow(script, project=PROJECT))
        environment = {
            "FIRESTORE_EMULATOR_HOST": made.firestore,
            "CLOUD_TASKS_EMULATOR_HOST": tasks.endpoint,
            "DATAFLOW_EMULATOR_URL": dataflow.url,
            "ORCHESTRATOR_PROJECT": PROJECT,
            "ORCHESTRATOR_REGION": "europe-west4",
            "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
            "ORCHESTRATOR_CHECKS_QUEUE": "checks",
            "ORCHESTRATOR_SIGNALS_QUEUE": "signals",
            "ORCHESTRATOR_TASK_URL": f"http://127.0.0.1:{ports['on_task']}",
            "ORCHESTRATOR_TASK_ACCOUNT": f"tasks@{PROJECT}.iam.gserviceaccount.com",
            "ORCHESTRATOR_SIGNALS_ACCOUNT": f"checker@{PROJECT}.iam.gserviceaccount.com",
            "ORCHESTRATOR_FOLDER": str(folder),
            **(variables or {}),
        }
        for target, port in ports.items():
            function = Function(target, "http", port, environment, folder / f"{target}.log")
            stack.callback(function.kill)
            function.start()
        yield made
