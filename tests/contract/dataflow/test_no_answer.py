"""Without an answer about a job, nothing is said of it."""

import threading
from typing import Any

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.errors import BackendError
from orchestrator.fakes.dataflow.script import Canned, RefusedError, out_of_quota, unavailable
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import Bench, Make


def test_a_state_that_jobs_get_does_not_know_yet_is_running(make: Make):
    bench = make(lag=1e6)
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "DONE")
    assert bench.backend.status(job) == JobRunning()


def test_a_job_that_is_too_new_to_be_seen_is_no_verdict(make: Make):
    bench = make(appear=1e6)
    job = bench.backend.launch(bench.request("slow")).job
    with pytest.raises(BackendError, match="could not be found in our system"):
        bench.backend.status(job)


def test_a_job_that_was_deleted_after_its_retention_has_failed(bench: Bench):
    over = bench.over("europe-west4/2019-03-06_01_41_55-12356597275160718110")
    assert (over.outcome, over.cause) == (Outcome.FAILED, "unknown")
    assert "ended jobs are deleted after 30 days" in (over.error or "")


@pytest.mark.parametrize("method", ["jobs.get", "jobs.getMetrics"])
@pytest.mark.parametrize("fault", [unavailable(), out_of_quota(), "lost answer", "lost call"], ids=str)
def test_a_look_that_fails_says_nothing_of_the_job(bench: Bench, method: str, fault: Any):
    job = bench.backend.launch(bench.request("good")).job
    bench.over(job)
    bench.fake.fail(method, *[fault] * (2 if isinstance(fault, str) else 1))  # httplib2 asks a lost one once more
    with pytest.raises(BackendError):
        bench.backend.status(job)
    assert bench.over(job).outcome is Outcome.SUCCEEDED


def test_a_success_whose_counters_we_may_not_read_is_a_success(bench: Bench):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "DONE")
    bench.fake.fail("jobs.getMetrics", RefusedError(403, "PERMISSION_DENIED", "The caller does not have permission"))
    over = bench.over(job)
    assert (over.outcome, over.outputs) == (Outcome.SUCCEEDED, None)


def test_an_answer_about_another_job_is_none(bench: Bench):
    job = bench.backend.launch(bench.request("slow")).job
    bench.fake.fail("jobs.get", Canned({"id": "another", "currentState": "JOB_STATE_DONE"}))
    with pytest.raises(BackendError, match=r"asked for job .* got 'another'"):
        bench.backend.status(job)


def test_each_of_many_threads_gets_the_answer_about_its_own_job(bench: Bench):
    """One Http shared by 8 threads gave 464 of 466 callers another job's answer."""
    jobs = [bench.backend.launch(bench.request("slow", step=f"step-{number}")).job for number in range(8)]
    for number in (1, 3, 5, 7):
        bench.fake.move(bench.request("slow", step=f"step-{number}").name, "DONE")
    wrong: list[object] = []

    def look(number: int) -> None:
        for _ in range(60):
            status = bench.backend.status(jobs[number])
            if isinstance(status, JobEnd) is not bool(number % 2):
                wrong.append(status)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert bench.fake.calls["jobs.get"] == 8 * 60
