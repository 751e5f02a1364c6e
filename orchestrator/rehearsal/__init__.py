"""The whole deployed form on this machine: Google's emulators, the stand-ins, and the functions as processes.

    with Rehearsal(Path("graphs/flights/graph.yaml")) as rehearsal:
        rehearsal.start("run-1", {})
        rehearsal.wait("run-1")

Everything is real but Cloud Tasks and Dataflow, whose stand-ins are driven by Google's own clients.
"""

import base64
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.cloud import tasks_v2
from google.protobuf import duration_pb2

from orchestrator import emulators
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.definition.load import load_graph
from orchestrator.errors import OrchestratorError, StoreError
from orchestrator.rehearsal.chaos import Calm
from orchestrator.rehearsal.http import post
from orchestrator.rehearsal.local_jobs import local_jobs
from orchestrator.rehearsal.process import Function, free_port
from orchestrator.standins.cloud_tasks import CloudTasksStandIn
from orchestrator.standins.dataflow import DataflowStandIn
from orchestrator.standins.dataflow_play import LaunchCall, Play
from orchestrator.stores.firestore import connect

PROJECT, REGION = "rehearsal", "europe-west4"

#: What the names of its jobs begin with.
PREFIX = "orc-dev"

_QUEUES = f"projects/{PROJECT}/locations/{REGION}/queues"
_TOPIC = f"projects/{PROJECT}/topics/dataflow-events"


class Rehearsal:
    """A deployed graph. ``time_scale`` shrinks the delays of tasks; jobs take their time.

    ``play`` says how each Dataflow job goes: as its step's ``local:`` command for real, if nothing else is said.
    """

    def __init__(
        self,
        graph: Path,
        play: Callable[[LaunchCall], Play] | None = None,
        *,
        time_scale: float = 0.02,
        chaos: Calm | None = None,
        latency: float = 0.0,
        lag: float = 0.0,
    ) -> None:
        self.graph = load_graph(graph)
        self.chaos = chaos or Calm()
        self._path = graph.resolve()
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        self.double = DataflowStandIn(
            play or local_jobs(lambda: self.store, self._path.parent, self._folder / "data", PREFIX),
            self._emit,
            project=PROJECT,
            latency=latency,
            lag=lag,
            chaos=self.chaos.calls,
        )
        self._time_scale = time_scale
        self.functions: dict[str, Function] = {}

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, run_id: str, params: Mapping[str, object]) -> dict[str, Any]:
        """Start a run through the deployed ``start``. Its answer. Raises OrchestratorError if it says no."""
        body = {"graph": self.graph.name, "run_id": run_id, "params": dict(params)}
        answer: dict[str, Any] = json.loads(post(self.functions["start"].url, body))
        return answer

    def sweep(self) -> None:
        """Call the deployed ``sweep``, as its scheduler does."""
        post(self.functions["sweep"].url, {})

    def run(self, run_id: str) -> Run:
        """The run as it stands. Raises StoreError if there is none."""
        found = self.store.get_run(run_key(run_id))
        if found is None:
            raise StoreError(f"no run has the id '{run_id}'")
        return found

    def wait(self, run_id: str, timeout: float = 120.0) -> Run:
        """The run once it has ended. Raises OrchestratorError if that takes too long."""
        deadline = time.monotonic() + timeout
        while (run := self.run(run_id)).status is RunStatus.RUNNING:
            if time.monotonic() > deadline:
                raise OrchestratorError(f"run '{run_id}' has not ended after {timeout:g} s: see {self._folder}")
            self._pause.wait(0.1)
        return run

    _pause = threading.Event()

    def _open(self) -> None:
        enter = self._stack.enter_context
        firestore, self._pubsub = (
            enter(emulators.running(emulators.FIRESTORE)),
            enter(emulators.running(emulators.PUBSUB)),
        )
        os.environ["FIRESTORE_EMULATOR_HOST"] = firestore
        queues = [_queue("launches"), _queue("checks")]
        tasks = CloudTasksStandIn(queues, time_scale=self._time_scale, delivery_faults=self.chaos.deliveries)
        enter(tasks)
        enter(self.double)
        self._deploy(firestore, tasks.endpoint)
        self.store = connect(PROJECT, "(default)")
        self._stack.callback(self.store.close)

    def _deploy(self, firestore: str, tasks: str) -> None:
        """Start the functions, and have the topic push to the one for signals."""
        graphs = self._folder / "graphs"
        graphs.mkdir()
        (graphs / f"{self.graph.name}{'' if self._path.stem == 'graph' else self._path.suffix}").symlink_to(
            self._path.parent if self._path.stem == "graph" else self._path
        )
        ports = {target: free_port() for target in ("on_signal", "on_task", "start", "sweep")}
        environment = {
            "FIRESTORE_EMULATOR_HOST": firestore,
            "CLOUD_TASKS_EMULATOR_HOST": tasks,
            "DATAFLOW_EMULATOR_URL": self.double.url,
            "ORCHESTRATOR_PROJECT": PROJECT,
            "ORCHESTRATOR_REGION": REGION,
            "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
            "ORCHESTRATOR_CHECKS_QUEUE": "checks",
            "ORCHESTRATOR_TASK_URL": f"http://127.0.0.1:{ports['on_task']}",
            "ORCHESTRATOR_TASK_ACCOUNT": f"tasks@{PROJECT}.iam.gserviceaccount.com",
            "ORCHESTRATOR_FOLDER": str(self._folder),
            "ORCHESTRATOR_LAUNCH_LEASE": "3",
            "ORCHESTRATOR_JOB_PREFIX": PREFIX,
            "ORCHESTRATOR_JOB_OPTIONS": '{"temp_location": "gs://rehearsal/temp", "labels": {"env": "dev"}}',
            "ORCHESTRATOR_RETENTION_DAYS": "30",
        }
        for target, port in ports.items():
            kind = "cloudevent" if target == "on_signal" else "http"
            function = Function(target, kind, port, environment, self._folder / f"{target}.log")
            self._stack.callback(function.kill)
            self.functions[target] = function
        for function in self.functions.values():
            function.start()
        self._call("PUT", _TOPIC, {})
        push = {"pushEndpoint": self.functions["on_signal"].url}
        subscription = {"topic": _TOPIC, "pushConfig": push, "ackDeadlineSeconds": 10}
        self._call("PUT", f"projects/{PROJECT}/subscriptions/on-signal", subscription)

    def _emit(self, kind: str, body: dict[str, Any]) -> None:
        """What Google sends when a job changes: the log sink's entries go to the topic."""
        if kind != "log":
            return
        data = base64.b64encode(json.dumps(body).encode()).decode()
        self._pause.wait(self.chaos.lateness())
        for _ in range(self.chaos.events()):
            self._call("POST", f"{_TOPIC}:publish", {"messages": [{"data": data}]})

    def _call(self, verb: str, path: str, body: Mapping[str, Any]) -> None:
        post(f"http://{self._pubsub}/v1/{path}", body, verb)


def _queue(name: str) -> tasks_v2.Queue:
    retry = tasks_v2.RetryConfig(
        max_attempts=100, min_backoff=duration_pb2.Duration(seconds=1), max_backoff=duration_pb2.Duration(seconds=30)
    )
    return tasks_v2.Queue(name=f"{_QUEUES}/{name}", retry_config=retry)
