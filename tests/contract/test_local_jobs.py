"""The jobs of a rehearsal: each is found by its name, or, if it is kept running, by its labels."""

import time
from pathlib import Path
from typing import Any

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.steps import KEEP, Step, Work
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.home import Home
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.ports import JobRequest
from orchestrator.rehearsal.local_jobs import LocalJobs
from tests.doubles.memory_store import MemoryStore


def test_a_job_that_is_kept_is_played_by_its_step_and_runs_until_it_is_stopped(tmp_path: Path):
    spec: dict[str, Any] = {"template": "gs://b/t", "streaming": KEEP}
    steps = [Step("other"), Step("Clicks_1", Work("dataflow", spec), local=Work("wait", {"seconds": 1e6}))]
    store, run = MemoryStore(), Run("Day 1", run_key("Day 1"), "g", "v", {}, time.time())
    store.open_run(run, compile_plan("g", "v", steps))
    with FakeDataflow(LocalJobs(lambda: store, tmp_path, Home(tmp_path), "orc")) as fake:
        backend = DataflowBackend("p", "europe-west4", api_endpoint=fake.url)
        request = JobRequest(run, 1, "Clicks_1", 1, f"orc--clicks-1--{run.key}-1-1", "dataflow", spec)
        launched = backend.launch(request)
        (job,) = fake.service.jobs.values()
        backend.close()
        assert launched.job.endswith("?keep")
        assert (job.name, job.script.streaming, job.script.running) == ("orc--g-clicks-1", True, 1e6)
