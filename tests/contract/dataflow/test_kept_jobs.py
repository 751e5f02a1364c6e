"""A job that no run owns is started by the first run and found by those that follow."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.errors import BackendError, LaunchRefusedError
from orchestrator.fakes.dataflow.script import Canned, RefusedError
from orchestrator.ports import JobRequest
from tests.contract.dataflow.bench import LAUNCH, Bench


def attempt_of(bench: Bench, run_id: str, template: str = "streaming") -> JobRequest:
    """The step's first attempt in another run."""
    request = bench.request(template, streaming="keep")
    run = Run(run_id, run_key(run_id), "g", "v", {}, 0.0)
    return replace(request, run=run, name=job_name("orders", JobRef(run.key, 0, 1)))


def test_a_job_that_is_kept_is_started_by_the_first_run_and_found_by_those_that_follow(bench: Bench):
    first = bench.backend.launch(attempt_of(bench, "monday")).job
    assert first.endswith("?keep")
    found = bench.backend.find(attempt_of(bench, "tuesday"))
    assert found is not None
    assert (found.job, bench.backend.launch(attempt_of(bench, "tuesday")).job) == (first, first)
    assert bench.fake.launches == {"g-orders": 1}
    bench.until(first, "RUNNING")
    over = bench.over(first)
    assert (over.outcome, over.live) == (Outcome.SUCCEEDED, False)
    bench.backend.cancel(first)
    assert bench.fake.calls["jobs.update"] == 0
    bench.fake.move("g-orders", "FAILED")
    assert bench.backend.find(attempt_of(bench, "wednesday")) is None
    assert bench.backend.launch(attempt_of(bench, "wednesday")).job != first
    assert bench.fake.launches == {"g-orders": 2}


def test_a_kept_job_of_another_step_or_of_nobody_is_not_taken_for_ones_own(bench: Bench):
    """``GRAPH-STEP`` is the same for step ``eu-orders`` of graph ``g`` and step ``orders`` of graph ``g-eu``."""
    mine = attempt_of(bench, "monday")
    bench.backend.launch(replace(mine, step="eu-orders"))
    other = replace(mine, run=replace(mine.run, graph="g-eu"), step="orders")
    for call in (bench.backend.find, bench.backend.launch):
        with pytest.raises(LaunchRefusedError, match="called g-eu-orders belongs to step 'eu-orders' of graph 'g'"):
            call(other)
    assert bench.fake.launches == {"g-eu-orders": 1}
    bench.fake.fail("jobs.list", Canned({"jobs": [{"id": "1", "name": "g-orders", "labels": {"team": "sales"}}]}))
    with pytest.raises(LaunchRefusedError, match="was not started by a step: give the step a job_name"):
        bench.backend.find(mine)


def test_a_kept_job_that_has_not_begun_is_cancelled_and_one_that_was_drained_is_no_success(bench: Bench):
    waiting = attempt_of(bench, "monday", "queued")
    job = bench.backend.launch(waiting).job
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED
    job = bench.backend.launch(attempt_of(bench, "tuesday")).job
    bench.fake.move("g-orders", "DRAINED")
    over = bench.over(job)
    assert (over.outcome, over.error) == (Outcome.CANCELLED, f"Dataflow job {job[13:-5]} was drained")


@pytest.mark.parametrize("state", ["DRAINING", "CANCELLING"])
def test_while_a_kept_job_stops_no_other_is_started_and_none_is_adopted(bench: Bench, state: str):
    first = bench.backend.launch(attempt_of(bench, "monday"))
    bench.fake.move("g-orders", state)
    for call in (bench.backend.launch, bench.backend.find):
        with pytest.raises(BackendError, match="another can start when it has ended") as raised:
            call(attempt_of(bench, "tuesday"))
        assert type(raised.value) is BackendError
    bench.fake.move("g-orders", "CANCELLED")
    assert bench.backend.launch(attempt_of(bench, "tuesday")) != first


@pytest.mark.parametrize("fault", ["lost answer", RefusedError(409, "ALREADY_EXISTS", "There is already a job.")])
def test_a_kept_job_whose_launch_went_wrong_is_adopted(bench: Bench, fault: Any):
    if fault != "lost answer":
        bench.backend.launch(attempt_of(bench, "monday"))
        bench.fake.fail("jobs.list", Canned({}))
    bench.fake.fail(LAUNCH, fault)
    assert bench.backend.launch(attempt_of(bench, "tuesday")).job.endswith("?keep")
    assert bench.fake.launches == {"g-orders": 1}
