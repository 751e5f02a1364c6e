"""Runs the deployed form on this machine: Google's emulators, the fakes, and the functions as processes.

    with Rehearsal(Path("graphs/flights/graph.yaml")) as rehearsal:
        rehearsal.start("run-1", {})
        rehearsal.wait("run-1")

Cloud Tasks and Dataflow are fakes, which Google's own clients call; everything else is real.
"""

import base64
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.cloud import tasks_v2
from google.protobuf import duration_pb2

from orchestrator.core.model import Run, RunStatus
from orchestrator.definition.load import load_graph
from orchestrator.definition.project import project_of
from orchestrator.definition.untrusted import deployment_values
from orchestrator.errors import OrchestratorError, StoreError
from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.home import Home
from orchestrator.ports import QUEUES
from orchestrator.rehearsal import emulators
from orchestrator.rehearsal.faults import NoFaults
from orchestrator.rehearsal.graph_folder import folder_variables, link_graph_folder
from orchestrator.rehearsal.http import post
from orchestrator.rehearsal.local_jobs import LocalJobs
from orchestrator.rehearsal.log_errors import errors_in_logs, logged_exceptions
from orchestrator.rehearsal.process import Function, free_port
from orchestrator.stores.firestore.store import connect
from orchestrator.system.environment import variables_set

PROJECT, REGION = "rehearsal", "europe-west4"

#: The prefix of the names of its jobs.
PREFIX = "orc-dev"

_QUEUES = f"projects/{PROJECT}/locations/{REGION}/queues"
_TOPIC = f"projects/{PROJECT}/topics/dataflow-events"


class Rehearsal:
    """A deployed graph. Delays of tasks are multiplied by ``time_scale``; jobs take as long as they do.

    ``script`` says how each Dataflow job goes: as its step's ``local:`` block for real, if nothing else is said. No
    process of it, an emulator's, a function's or a job's, outlives the block, nor this process if that is killed.
    """

    def __init__(
        self,
        graph: Path,
        script: Callable[[LaunchCall], Script] | None = None,
        *,
        time_scale: float = 0.02,
        faults: NoFaults | None = None,
        latency: float = 0.0,
        lag: float = 0.0,
    ) -> None:
        self.graph = load_graph(graph)
        self.faults = faults or NoFaults()
        self._path = graph.resolve()
        self._variables = project_of(str(self._path.parent)).env
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        self.home = Home(self._folder.resolve() / "home")
        self.dataflow = FakeDataflow(
            script or LocalJobs(lambda: self.store, self._path.parent, self.home, PREFIX, self._variables),
            self._emit,
            project=PROJECT,
            latency=latency,
            lag=lag,
            chaos=self.faults.calls,
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
        """Start a run through the deployed ``start``. Returns its response. Raises OrchestratorError if refused."""
        body = {"graph": self.graph.name, "run_id": run_id, "params": dict(params)}
        answer: dict[str, Any] = json.loads(post(self.functions["start"].url, body))
        return answer

    def sweep(self) -> None:
        """Call the deployed ``sweep``, as its scheduler does."""
        post(self.functions["sweep"].url, {})

    def run(self, run_id: str) -> Run:
        """The run as it is now. Raises StoreError if there is none."""
        found = self.store.find_run(run_id)
        if found is None:
            raise StoreError(f"no run has the id '{run_id}'")
        return found

    @property
    def unexpected(self) -> list[str]:
        """What went wrong that was not injected, one sentence each."""
        logs = {target: self._folder / f"{target}.log" for target in self.functions}
        return [*errors_in_logs(logs), *self._exceptions]

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which the command line finds this rehearsal as ``--store firestore://rehearsal``."""
        return {emulators.FIRESTORE.variable: self._firestore}

    def wait(self, run_id: str, timeout: float = 600.0) -> Run:
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
        self._exceptions = enter(logged_exceptions())
        self._firestore = enter(emulators.running(emulators.FIRESTORE))
        self._pubsub = enter(emulators.running(emulators.PUBSUB))
        enter(_reaped(self.home))
        queues = [_queue(queue) for queue in QUEUES]
        tasks = FakeCloudTasks(queues, time_scale=self._time_scale, delivery_faults=self.faults.deliveries)
        enter(tasks)
        enter(self.dataflow)
        self._deploy(tasks.endpoint)
        with variables_set(self.environment):  # Google's client looks there when it is made
            self.store = connect(PROJECT, "(default)")
        self._stack.callback(self.store.close)

    def _deploy(self, tasks: str) -> None:
        """Start the functions, and have the topic push to the one for signals."""
        link_graph_folder(self._path, self.graph.name, self._folder / "graphs")
        own = {**self._variables, **folder_variables(self._path, self.graph)}
        ports = {target: free_port() for target in ("on_signal", "on_task", "start", "sweep")}
        environment = {
            **self.environment,
            "CLOUD_TASKS_EMULATOR_HOST": tasks,
            "DATAFLOW_EMULATOR_URL": self.dataflow.url,
            "ORCHESTRATOR_PROJECT": PROJECT,
            "ORCHESTRATOR_REGION": REGION,
            "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
            "ORCHESTRATOR_CHECKS_QUEUE": "checks",
            "ORCHESTRATOR_SIGNALS_QUEUE": "signals",
            "ORCHESTRATOR_TASK_URL": f"http://127.0.0.1:{ports['on_task']}",
            "ORCHESTRATOR_TASK_ACCOUNT": f"tasks@{PROJECT}.iam.gserviceaccount.com",
            "ORCHESTRATOR_SIGNALS_ACCOUNT": f"checker@{PROJECT}.iam.gserviceaccount.com",
            "ORCHESTRATOR_FOLDER": str(self._folder),
            "ORCHESTRATOR_LAUNCH_LEASE": "3",
            "ORCHESTRATOR_LAUNCH_MARGIN": "1",
            "ORCHESTRATOR_JOB_PREFIX": PREFIX,
            "ORCHESTRATOR_JOB_OPTIONS": '{"temp_location": "gs://rehearsal/temp", "labels": {"env": "dev"}}',
            "ORCHESTRATOR_VALUES": json.dumps({name: name for name in deployment_values(self.graph.all_steps)}),
            "ORCHESTRATOR_RETENTION_DAYS": "30",
        }
        for target, port in ports.items():
            kind = "cloudevent" if target == "on_signal" else "http"
            theirs = own if target in ("on_task", "start") else {}
            function = Function(target, kind, port, theirs | environment, self._folder / f"{target}.log")
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
        self._pause.wait(self.faults.lateness())
        for _ in range(self.faults.events()):
            self._call("POST", f"{_TOPIC}:publish", {"messages": [{"data": data}]})

    def _call(self, verb: str, path: str, body: Mapping[str, Any]) -> None:
        post(f"http://{self._pubsub}/v1/{path}", body, verb)


@contextmanager
def _reaped(home: Home) -> Iterator[None]:
    """Jobs that run below ``home`` end with the block, or with this process if it is killed."""
    home.make()
    command = [sys.executable, "-P", "-m", "orchestrator.jobs.process.reaper", str(home.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


def _queue(name: str) -> tasks_v2.Queue:
    retry = tasks_v2.RetryConfig(
        max_attempts=100, min_backoff=duration_pb2.Duration(seconds=1), max_backoff=duration_pb2.Duration(seconds=30)
    )
    return tasks_v2.Queue(name=f"{_QUEUES}/{name}", retry_config=retry)
