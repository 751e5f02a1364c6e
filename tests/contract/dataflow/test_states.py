"""Which states of a Dataflow job end its step, and how."""

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.fakes.dataflow.script import Canned
from orchestrator.fakes.discovery import schema_of
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import Bench
from tests.fixtures import fixture

RUNNING = ["UNKNOWN", "STOPPED", "PENDING", "QUEUED", "RUNNING", "DRAINING", "CANCELLING", "RESOURCE_CLEANING_UP"]


@pytest.mark.parametrize("state", [*RUNNING, "PAUSING", "PAUSED"])
def test_these_states_are_not_the_end(bench: Bench, state: str):
    request = bench.request("queued")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, state)
    assert bench.backend.status(job) == JobRunning()


def test_a_state_that_nobody_knows_is_not_the_end(bench: Bench):
    job = bench.backend.launch(bench.request("queued")).job
    number = job.partition("/")[2]
    bench.fake.fail("jobs.get", Canned({"id": number, "currentState": "JOB_STATE_HIBERNATING"}), Canned({"id": number}))
    assert bench.backend.status(job) == JobRunning()
    assert bench.backend.status(job) == JobRunning()


@pytest.mark.parametrize(
    ("state", "streaming", "outcome"),
    [
        ("DONE", False, Outcome.SUCCEEDED),
        ("DONE", True, Outcome.SUCCEEDED),
        ("DRAINED", False, Outcome.CANCELLED),
        ("DRAINED", True, Outcome.SUCCEEDED),
        ("RUNNING", True, Outcome.SUCCEEDED),
        ("CANCELLED", False, Outcome.CANCELLED),
        ("CANCELLED", True, Outcome.CANCELLED),
    ],
)
def test_these_states_are_the_end_of_the_step(bench: Bench, state: str, streaming: bool, outcome: Outcome):
    request = bench.request("queued", streaming=streaming)
    job = bench.backend.launch(request).job
    assert bench.backend.status(job) == JobRunning()
    bench.fake.move(request.name, state)
    over = bench.over(job)
    assert over.outcome is outcome
    assert over.cause == ("cancelled" if outcome is Outcome.CANCELLED else None)
    assert over.drained == (state == "DRAINED" and streaming)


def test_all_states_of_the_api_are_tested():
    states = set(schema_of("dataflow", "v1b3").document["schemas"]["Job"]["properties"]["currentState"]["enum"])
    ends = {"DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINED"}
    assert states == {f"JOB_STATE_{state}" for state in {*RUNNING, "PAUSING", "PAUSED", *ends}}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("job-done", Outcome.SUCCEEDED), ("job-failed", Outcome.FAILED)],
)
def test_recorded_answers_of_jobs_get(bench: Bench, name: str, outcome: Outcome):
    job = fixture(f"dataflow/{name}")["body"]
    bench.fake.fail("jobs.get", Canned(job))
    assert bench.over(f"us-central1/{job['id']}").outcome is outcome
