"""A Dataflow job is drained, cancelled, and in the end cancelled by force."""

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.fakes.dataflow.script import Canned
from tests.contract.dataflow.bench import Bench, Make


def test_a_cancelled_job_ends_cancelled(bench: Bench):
    job = bench.backend.launch(bench.request("slow")).job
    bench.until(job, "RUNNING")
    bench.backend.cancel(job)
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED
    bench.backend.cancel(job)


def test_a_running_streaming_job_is_drained_and_cancelled_when_asked_again(bench: Bench):
    job = bench.backend.launch(bench.request("streaming")).job
    bench.until(job, "RUNNING")
    bench.backend.cancel(job)
    bench.until(job, "DRAINING")
    bench.backend.cancel(job)
    bench.until(job, "CANCELLING")


@pytest.mark.parametrize(("drain_for", "state"), [(1800.0, "DRAINING"), (0.0, "CANCELLING")])
def test_a_job_that_drains_is_given_its_time_however_often_it_is_asked(make: Make, drain_for: float, state: str):
    """An engine that asks every ten seconds cancelled the drain that it had asked for."""
    bench = make(backend={"drain_for": drain_for})
    job = bench.backend.launch(bench.request("streaming")).job
    bench.until(job, "RUNNING")
    for _ in range(3):
        bench.backend.cancel(job)
    bench.until(job, state)


@pytest.mark.parametrize(("force_after", "state"), [(0.0, "CANCELLED"), (1800.0, "CANCELLING")])
def test_a_job_that_does_not_cancel_is_cancelled_by_force_in_time(make: Make, force_after: float, state: str):
    bench = make(backend={"force_after": force_after})
    job = bench.backend.launch(bench.request("stubborn")).job
    bench.until(job, "RUNNING")
    bench.backend.cancel(job)
    bench.backend.cancel(job)
    bench.until(job, state)


def test_a_job_that_ends_while_it_is_cancelled_does_no_harm(bench: Bench):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    number = job.partition("/")[2]
    bench.fake.move(request.name, "DONE")
    bench.fake.fail("jobs.get", Canned({"id": number, "currentState": "JOB_STATE_RUNNING"}))
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.SUCCEEDED
