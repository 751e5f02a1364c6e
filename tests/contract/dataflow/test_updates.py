"""An updated job goes on as the job that replaced it."""

from itertools import pairwise

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.fakes.dataflow.script import Canned
from orchestrator.jobs.dataflow.status import MAX_UPDATES
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import Bench, Make


def test_an_updated_job_goes_on_as_the_one_that_replaced_it(bench: Bench):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    heir = bench.request("good", step="heir")
    number = bench.backend.launch(heir).job.partition("/")[2]
    bench.fake.move(request.name, "UPDATED", replacedByJobId=number)
    over = bench.over(job)
    assert (over.outcome, over.outputs) == (Outcome.SUCCEEDED, {"rows": 3})


@pytest.mark.parametrize("updates", [MAX_UPDATES, MAX_UPDATES + 1, MAX_UPDATES + 30])
def test_a_job_that_was_updated_however_often_goes_on_as_the_newest(bench: Bench, updates: int):
    """Beyond the bound the chain is not followed: all its jobs have one name, and the newest is taken."""
    request = bench.request("slow", streaming=True)
    first = bench.backend.launch(request)
    launched = [first.job.partition("/")[2].partition("?")[0]]
    for _ in range(updates):
        bench.fake.move(request.name, "UPDATED")
        bench.fake.fail("jobs.list", Canned({}))
        launched.append(bench.backend.launch(request).job.partition("/")[2].partition("?")[0])
    for old, new in pairwise(launched):
        state = bench.fake.service.jobs[old].history[-1]
        bench.fake.service.jobs[old].history[-1] = (*state[:2], {"replacedByJobId": new})
    bench.until(launched[-1], "RUNNING")
    assert bench.over(first.job).outcome is Outcome.SUCCEEDED
    bench.fake.move(request.name, "FAILED", "Workflow failed. Causes: of the newest")
    assert bench.over(first.job).error == "Workflow failed. Causes: of the newest"


def test_an_updated_job_without_an_heir_is_given_some_time(make: Make):
    patient, hasty = make(), make(backend={"message_grace": 0.0})
    for bench in (patient, hasty):
        bench.backend.launch(bench.request("slow"))
        bench.fake.move(bench.request("slow").name, "UPDATED")
    assert patient.backend.status(patient.backend.launch(patient.request("slow")).job) == JobRunning()
    over = hasty.over(hasty.backend.launch(hasty.request("slow")).job)
    assert (over.outcome, over.cause) == (Outcome.FAILED, "unknown")
