"""A Dataflow job is launched once, whatever becomes of a call or its answer."""

from typing import Any

import pytest

from orchestrator.errors import AmbiguousLaunchError, BackendError
from orchestrator.fakes.dataflow.script import Canned, RefusedError
from orchestrator.jobs.dataflow.backend import DataflowBackend
from tests.contract.dataflow.bench import LAUNCH, Bench, Make
from tests.fixtures import fixture


@pytest.mark.parametrize("fault", ["lost answer", "lost call"])
def test_a_dropped_connection_makes_exactly_one_post(make: Make, fault: Any):
    """httplib2 sends a POST again by itself when the connection is closed before an answer came."""
    bench = make(appear=1e6)
    bench.fake.fail(LAUNCH, fault)
    with pytest.raises(AmbiguousLaunchError, match="no answer came to the launch of orders--"):
        bench.backend.launch(bench.request("slow"))
    assert bench.fake.calls[LAUNCH] == 1
    assert sum(bench.fake.launches.values()) == (fault == "lost answer")


def test_a_lost_answer_is_made_up_for_by_the_job_s_name(bench: Bench):
    request = bench.request("slow")
    bench.fake.fail(LAUNCH, "lost answer")
    launched = bench.backend.launch(request)
    assert bench.backend.find(request) == launched
    assert bench.fake.launches == {request.name: 1}


def test_a_lost_call_is_made_again_by_the_next_delivery(bench: Bench):
    request = bench.request("slow")
    bench.fake.fail(LAUNCH, "lost call")
    with pytest.raises(AmbiguousLaunchError):
        bench.backend.launch(request)
    assert bench.backend.launch(request).job.startswith("europe-west4/")
    assert bench.fake.launches == {request.name: 1}


def test_a_launch_that_takes_too_long_is_found_afterwards(make: Make):
    bench = make(backend={"timeout": 0.3}, latency=30.0)
    request = bench.request("slow")
    launched = bench.backend.launch(request)
    assert bench.backend.find(request) == launched
    assert bench.fake.calls[LAUNCH] == 1


def test_a_job_that_the_list_does_not_show_yet_is_not_launched_a_second_time(make: Make):
    bench = make(appear=1e6)
    request = bench.request("slow")
    bench.fake.fail(LAUNCH, "lost answer")
    with pytest.raises(AmbiguousLaunchError, match="no answer came"):
        bench.backend.launch(request)
    with pytest.raises(AmbiguousLaunchError, match="There is already an active job named orders--"):
        bench.backend.launch(request)
    assert bench.fake.launches == {request.name: 1}


def test_an_active_job_of_the_name_is_adopted_on_409(bench: Bench):
    """The first look misses the job, as a lagging list would; the launch meets it."""
    request = bench.request("slow")
    first = bench.backend.launch(request)
    bench.fake.fail("jobs.list", Canned({}))
    assert bench.backend.launch(request) == first
    assert (bench.fake.calls[LAUNCH], bench.fake.launches) == (2, {request.name: 1})


def test_an_ended_job_that_one_look_has_missed_is_found_before_another_is_launched(bench: Bench):
    """Its name is free, so that Dataflow would run it a second time."""
    request = bench.request("good")
    first = bench.backend.launch(request)
    bench.over(first.job)
    bench.fake.fail("jobs.list", Canned({}))
    assert bench.backend.find(request) is None
    assert bench.backend.launch(request).job == first.job
    assert bench.fake.launches == {request.name: 1}


def test_the_recorded_409_is_ambiguous(bench: Bench):
    bench.fake.fail(LAUNCH, Canned(fixture("dataflow/name-taken")["body"], 409))
    with pytest.raises(AmbiguousLaunchError, match="There is already an active job named refunds-20260305"):
        bench.backend.launch(bench.request("slow"))


def test_a_refused_launch_that_made_a_job_all_the_same_is_adopted(bench: Bench):
    """Seen with a 400: terraform-provider-google issue 14679."""
    request = bench.request("slow")
    first = bench.backend.launch(request)
    bench.fake.fail("jobs.list", Canned({}))
    bench.fake.fail(LAUNCH, RefusedError(400, "INVALID_ARGUMENT", "The template parameters are invalid."))
    assert bench.backend.launch(request) == first


def test_nothing_was_launched_by_a_server_that_is_not_there(bench: Bench):
    backend = DataflowBackend("p", "europe-west4", api_endpoint="http://127.0.0.1:1")
    with pytest.raises(BackendError, match="cannot list the jobs called orders--") as raised:
        backend.launch(bench.request("slow"))
    assert type(raised.value) is BackendError
