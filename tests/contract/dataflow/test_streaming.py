"""A streaming job goes on after its step has succeeded."""

import time

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.fakes.dataflow.script import Canned
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import Bench


def test_a_streaming_step_has_succeeded_once_its_job_runs_and_its_job_goes_on(bench: Bench):
    request = bench.request("streaming", streaming=True)
    launched = bench.backend.launch(request)
    born = bench.fake.service.jobs[launched.job.partition("/")[2].partition("?")[0]].created
    assert launched.due is not None
    assert 14.0 < launched.due - born < 60.0
    bench.until(launched.job, "RUNNING")
    over = bench.over(launched.job)
    assert (over.outcome, over.live) == (Outcome.SUCCEEDED, True)
    bench.backend.cancel(launched.job)
    bench.until(launched.job, "DRAINING")
    assert bench.backend.status(launched.job) == JobRunning()
    bench.fake.move(request.name, "DRAINED")
    over = bench.over(launched.job)
    assert (over.outcome, over.live) == (Outcome.SUCCEEDED, False)


def test_a_streaming_job_says_when_to_look_at_it_until_it_is_ready(bench: Bench):
    """Nobody signals that a job has begun to work: its step heard of it from the watchdog, ten minutes after."""
    waiting, batch = bench.request("queued", streaming=True), bench.request("queued", step="batch")
    status = bench.backend.status(bench.backend.launch(waiting).job)
    assert isinstance(status, JobRunning)
    assert status.due is not None
    assert time.time() < status.due < time.time() + 60.0
    launched = bench.backend.launch(batch)
    assert launched.due is None
    status = bench.backend.status(launched.job)
    assert isinstance(status, JobRunning)
    assert status.due is None


@pytest.mark.parametrize("state", ["PAUSING", "PAUSED"])
def test_a_paused_job_is_looked_at_again_and_is_no_surprise(bench: Bench, caplog: pytest.LogCaptureFixture, state: str):
    request = bench.request("streaming", streaming=True)
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, state)
    assert bench.backend.status(job) == JobRunning()
    assert caplog.text == ""
    number = job.partition("/")[2].partition("?")[0]
    bench.fake.fail("jobs.get", Canned({"id": number, "currentState": "JOB_STATE_HIBERNATING"}))
    assert bench.backend.status(job) == JobRunning()
    assert "in a state that nobody knows, and is taken to go on: JOB_STATE_HIBERNATING" in caplog.text
