"""The deployed form in one process and in simulated time: the real functions, on SQLite and scripted Dataflow jobs.

The command line calls the functions as it calls deployed ones. Every task is delivered twice, as Cloud Tasks may.
"""

import base64
import contextlib
import io
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import functions_framework
import pytest

from orchestrator.client.post import Reply
from orchestrator.cloud.settings import read_cloud_settings
from orchestrator.cloud.wiring import Deployed
from orchestrator.core.job_end import Outcome
from orchestrator.core.task_codec import encode
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import QUEUES, Clock, JobRequest, Launched
from orchestrator.queues.local import LocalQueue
from orchestrator.receivers.notifier import Notifier
from orchestrator.rehearsal.process import MAIN
from orchestrator.stores.sqlite.store import SqliteStore
from tests.e2e.command_line import Place, Said

PROJECT, REGION = "states-prod", "europe-west4"

#: The options with which the command line finds the deployment.
FLAGS = f" --project {PROJECT} --region {REGION}"

#: How many tasks are delivered at a time.
_AT_A_TIME = 64


class Dataflow(ScriptedBackend):
    """Scripted jobs whose ids look like Dataflow's."""

    def __init__(self, write: Callable[[JobRequest], Script], clock: Clock) -> None:
        super().__init__(write, clock)
        self._names: dict[str, str] = {}
        self.most = 0

    def launch(self, request: JobRequest) -> Launched:
        super().launch(request)
        now = datetime.fromtimestamp(self._clock(), UTC)
        number = 8_562_643_310_000_000_000 + crc32(f"{request.run.id} {request.step} {request.attempt}".encode())
        job = f"{REGION}/{now:%Y-%m-%d_%H_%M_%S}-{number}"
        self._names.setdefault(job, request.name)
        self.jobs[job] = self.jobs.pop(request.name)
        self.most = max(self.most, sum(found.over > self._clock() for found in self.jobs.values()))
        return Launched(job, due=self.jobs[job].end)

    def find(self, request: JobRequest) -> Launched | None:
        for job, name in self._names.items():
            if name == request.name:
                return Launched(job, due=self.jobs[job].end)
        return None


class Night:
    """A deployment whose graphs are in ``folder``. ``write`` says how each job goes; ``sent`` are the notifications."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, now: float, write: Callable[[JobRequest, float], Script]
    ) -> None:
        self.now, self.sent = now, list[Mapping[str, Any]]()
        self._patch, self._place, self._apps = patch, Place(folder), dict[str, Any]()
        patch.setattr("time.time", lambda: self.now)
        patch.setattr("orchestrator.deployment.starting.found", lambda _, target, __: (f"https://{target}", "prod"))
        patch.setattr("orchestrator.client.console.get", self._asked)
        for module in ("console", "start"):
            patch.setattr(f"orchestrator.client.{module}.post", lambda url, body, token: self._asked(url, token, body))
        self.dataflow = Dataflow(lambda request: write(request, self.now), lambda: self.now)
        self._database = Database(":memory:")
        self._store, self._queue = SqliteStore(self._database), LocalQueue(self._database)
        self.deployed = Deployed(read_cloud_settings(self._settings(folder)))
        notifier = Notifier(self.deployed.settings.notify, "/orchestrator", publish=self._publish)
        parts = {"store": self._store, "queue": self._queue, "dataflow": self.dataflow, "receivers": notifier}
        vars(self.deployed).update({f"_{name}": part for name, part in parts.items()})

    def close(self) -> None:
        self._database.close()

    def _settings(self, folder: Path) -> dict[str, str]:
        return {
            "ORCHESTRATOR_PROJECT": PROJECT,
            "ORCHESTRATOR_REGION": REGION,
            "ORCHESTRATOR_DATABASE": "orchestrator-prod",
            **{f"ORCHESTRATOR_{queue.upper()}_QUEUE": queue for queue in QUEUES},
            "ORCHESTRATOR_TASK_URL": "https://on_task",
            "ORCHESTRATOR_TASK_ACCOUNT": "caller@states-prod.iam.gserviceaccount.com",
            "ORCHESTRATOR_FOLDER": str(folder),
            "ORCHESTRATOR_JOB_PREFIX": "orchestrator-prod",
            "ORCHESTRATOR_POOLS": '{"dataflow": 20}',
            "ORCHESTRATOR_NOTIFY": '{"on-call": {"topic": "projects/states-prod/topics/on-call"}}',
            "DATAFLOW_EMULATOR_URL": "http://127.0.0.1:1",  # so that graphs with deploy: false may run
        }

    def start(self, run_id: str, **params: str) -> None:
        """As somebody, or the scheduler, starts a run of the graph ``states``."""
        run, new = self.deployed.start("states", run_id, params, {})
        assert new, run

    def until(self, at: float) -> None:
        """Let everything happen that happens until then."""
        while True:
            keys = [key for _, key in self._store.run_ids(1000)]
            if self._deliver(keys):
                continue
            due = self._queue.next_due(keys, QUEUES)
            if due is None or due > at:
                break
            self.now = max(self.now, due)
        self.now = max(self.now, at)

    def ended(self, run_id: str) -> None:
        """Let everything happen until a run has ended."""
        while (run := self._store.find_run(run_id)) is not None and run.ended_at is None:
            self.until(self.now + 60.0)

    def __call__(self, who: str, *words: str) -> Said:
        """What a command answers to ``who``. The options that name the deployment are added, and left out of it."""
        claims = base64.urlsafe_b64encode(json.dumps({"email": who, "email_verified": True}).encode()).decode()
        self._patch.setenv("ORCHESTRATOR_ID_TOKEN", f"e30.{claims.rstrip('=')}.x")
        said = self._place.look(*words, *FLAGS.split())
        return Said(said.code, said.out.replace(FLAGS, ""), said.err.replace(FLAGS, ""))

    def _deliver(self, keys: list[str]) -> bool:
        found = [it for queue in QUEUES for it in self._queue.lease(keys, queue, self.now, _AT_A_TIME)]
        for delivery in found:
            for _ in range(2):
                self.deployed.deliver(delivery.effect, encode(delivery.effect), delivery.queue)
        self._queue.acknowledge(found)
        return bool(found)

    def _publish(self, topic: str, event: bytes, attributes: Mapping[str, str]) -> str:
        self.sent.append(json.loads(event))
        return "published"

    def _asked(self, url: str, token: str | None, body: Mapping[str, Any] | None = None) -> Reply:
        """The answer of a function to a request: a POST if there is a body."""
        target, _, path = url.removeprefix("https://").partition("/")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body, default=str))
        with contextlib.redirect_stdout(io.StringIO()):  # what it logs is not said to the caller
            reply = self._client(target).open(f"/{path}", method=method, headers=headers, data=data)
        return Reply(reply.status_code, reply.get_data(as_text=True), None)

    def _client(self, target: str) -> Any:
        if target not in self._apps:
            self._apps[target] = functions_framework.create_app(target, str(MAIN), "http").test_client()
            self._patch.setattr(sys.modules["main"], "world", lambda: self.deployed)
        return self._apps[target]


def failed(cause: str, error: str, seconds: float) -> Script:
    """A job that fails after so many seconds."""
    return Script(seconds, Outcome.FAILED, error=error, cause=cause)
