"""A Dataflow backend that is connected to the fake, and the scripts of its jobs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.job_end import JobEnd
from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.steps import Json
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.ports import JobRequest, JobRunning

LAUNCH = "flexTemplates.launch"
PLAYS = {
    "good": Script(queued=0, pending=0, running=0, metrics={"rows": 3}),
    "bad": Script(queued=0, pending=0, running=0, end="FAILED", errors=["Workflow failed. Causes: no such day"]),
    "slow": Script(queued=0, pending=0, running=None, stopping=0),
    "queued": Script(queued=1e6),
    "streaming": Script(queued=0, pending=0, running=None, streaming=True, stopping=1e6),
    "stubborn": Script(queued=0, pending=0, running=None, stubborn=True),
}


def script(call: LaunchCall) -> Script:
    return PLAYS[call.template.removeprefix("gs://templates/")]


@dataclass
class Bench:
    fake: FakeDataflow
    backend: DataflowBackend

    def request(self, template: str, attempt: int = 1, step: str = "orders", **options: Json) -> JobRequest:
        run = Run("run-1", run_key("run-1"), "g", "v", {}, 0.0)
        name = job_name(step, JobRef(run.key, 0, attempt))
        spec: dict[str, Json] = {"template": f"gs://templates/{template}", **options}
        return JobRequest(run, 0, step, attempt, name, "dataflow", spec)

    def over(self, job: str) -> JobEnd:
        while isinstance(status := self.backend.status(job), JobRunning):
            threading.Event().wait(0.005)
        return status

    def until(self, job: str, state: str) -> None:
        """Wait until the job, or the one of that number, really is in a state."""
        number = job.rpartition("/")[2].partition("?")[0]
        while self.fake.service.jobs[number].state != f"JOB_STATE_{state}":
            threading.Event().wait(0.002)


Make = Callable[..., Bench]
