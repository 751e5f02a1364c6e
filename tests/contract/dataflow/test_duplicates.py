"""A second job of one attempt is seen and discarded, and nothing else is."""

from dataclasses import replace

import pytest

from orchestrator.errors import BackendError
from orchestrator.fakes.dataflow.script import Canned
from orchestrator.ports import JobRunning, Launched
from tests.contract.dataflow.bench import Bench


def test_a_second_job_of_a_name_is_seen_beside_the_first_and_only_it_is_discarded(bench: Bench):
    """Its answer was lost, it ended, and no list showed it yet: then the service takes the name a second time."""
    request = bench.request("slow")
    first = bench.backend.launch(request)
    bench.fake.move(request.name, "DONE")
    bench.fake.fail("jobs.list", Canned({}))
    second = bench.backend.launch(request)
    assert second != first
    assert (first.beside, second.beside) == ((), ())
    found = bench.backend.find(request)
    assert found == Launched(first.job, beside=(second.job,))
    assert found.over
    assert bench.backend.find(replace(request, recorded=second.job)) == Launched(second.job)
    bench.fake.fail("jobs.list", Canned({}))
    assert bench.backend.find(replace(request, recorded=second.job)) == Launched(second.job)
    assert bench.fake.calls["jobs.update"] == 0
    bench.backend.discard(first.job)  # which has ended
    bench.backend.discard(second.job)
    bench.until(second.job, "CANCELLED")
    assert bench.fake.calls["jobs.update"] == 1
    assert bench.backend.find(request) == first


def test_what_replaces_a_job_is_not_discarded_though_no_list_says_so(bench: Bench):
    job = bench.backend.launch(bench.request("slow"))
    bench.fake.move(bench.request("slow").name, "RUNNING", replaceJobId="1")
    bench.backend.discard(job.job)
    assert bench.fake.calls["jobs.update"] == 0


def test_a_launch_is_fenced_immediately_before_it_is_sent(bench: Bench):
    """And after whatever may take long: the look, and the user's function."""
    calls: list[dict[str, int]] = []

    def fence() -> None:
        calls.append(dict(bench.fake.calls))
        raise BackendError("somebody else may be launching it")

    with pytest.raises(BackendError, match="somebody else"):
        bench.backend.launch(replace(bench.request("slow"), fence=fence))
    assert calls == [{"jobs.list": 1}]
    assert bench.fake.launches == {}


def test_what_an_update_replaced_is_no_duplicate(bench: Bench):
    request = bench.request("streaming")
    old = bench.backend.launch(request)
    bench.fake.move(request.name, "UPDATED")
    bench.fake.fail("jobs.list", Canned({}))
    new = bench.backend.launch(request)
    assert bench.backend.find(request) == old
    assert bench.fake.calls["jobs.update"] == 0
    assert bench.backend.status(new.job) == JobRunning()
