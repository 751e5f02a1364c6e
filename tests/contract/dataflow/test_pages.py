"""Answers of several pages are read up to a bound, and what was not read proves nothing."""

import json
from typing import Any

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.errors import BackendError
from orchestrator.fakes.dataflow.script import Canned
from orchestrator.jobs.dataflow.http import MAX_PAGES
from tests.contract.dataflow.bench import LAUNCH, Bench, Make


def test_pages_of_a_list_are_all_read(bench: Bench):
    request = bench.request("slow")
    mine = {"id": "2026-01-01_00_00_00-1", "name": request.name}
    bench.fake.fail("jobs.list", Canned({"nextPageToken": "1"}), Canned({"jobs": [mine]}))
    found = bench.backend.find(request)
    assert found is not None
    assert found.job == "europe-west4/2026-01-01_00_00_00-1"


def test_a_list_that_is_not_complete_is_no_proof_that_there_is_no_job(bench: Bench):
    bench.fake.fail("jobs.list", Canned({"failedLocation": [{"name": "europe-west4"}]}))
    with pytest.raises(BackendError, match="Dataflow could not list everything"):
        bench.backend.launch(bench.request("slow"))
    assert bench.fake.calls[LAUNCH] == 0


def page(text: str, more: bool = True) -> Canned:
    """A page of messages. ``more``: it is not the last."""
    body: dict[str, Any] = {"jobMessages": [{"messageText": text, "messageImportance": "JOB_MESSAGE_ERROR"}]}
    return Canned({**body, "nextPageToken": "x"} if more else body)


@pytest.mark.parametrize("pages", [MAX_PAGES, MAX_PAGES + 1])
def test_a_job_of_many_messages_is_judged_by_those_that_were_read(bench: Bench, pages: int):
    """A job of more than 200 pages was looked at for ever: each look was a 503. What is said at its end is read too."""
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "FAILED", "Workflow failed. Causes: no such day")
    noise = [page("Traceback (most recent call last):\nKeyError: 'x'")] * (pages - 1)
    last = page("KeyError: 'last page'", more=False)
    bench.fake.fail("jobs.messages.list", *noise, *[last] * (pages == MAX_PAGES))
    over = bench.over(job)
    assert over.outcome is Outcome.FAILED
    verdict = "Workflow failed. Causes: no such day; "
    assert over.error == ("KeyError: 'x'; KeyError: 'last page'" if pages == MAX_PAGES else f"{verdict}KeyError: 'x'")


@pytest.mark.parametrize("pages", [MAX_PAGES, MAX_PAGES + 1])
def test_a_name_is_looked_for_on_so_many_pages_and_then_nothing_is_launched(bench: Bench, pages: int):
    request = bench.request("slow")
    bench.fake.fail("jobs.list", *[Canned({"nextPageToken": "x"})] * (pages - 1), Canned({}))
    if pages == MAX_PAGES:
        assert bench.backend.launch(request).job.startswith("europe-west4/")
    else:
        with pytest.raises(BackendError, match="Dataflow lists more than 200 pages of jobs"):
            bench.backend.launch(request)
    assert bench.fake.calls[LAUNCH] == (pages == MAX_PAGES)


def test_a_job_that_was_found_on_the_pages_that_were_read_is_adopted(bench: Bench):
    request = bench.request("slow")
    mine = {"jobs": [{"id": "2026-01-01_00_00_00-1", "name": request.name}], "nextPageToken": "x"}
    bench.fake.fail("jobs.list", Canned(mine), *[Canned({"nextPageToken": "x"})] * MAX_PAGES)
    assert bench.backend.launch(request).job == "europe-west4/2026-01-01_00_00_00-1"


def test_a_success_with_more_counters_than_are_kept_is_a_success(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    most = 10_000
    monkeypatch.setattr("orchestrator.jobs.dataflow.status.MAX_OUTPUT", most)  # as it is, it takes 10,000 counters
    bench = make()
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    size, names = 0, list[str]()
    while size + len(json.dumps({f"counter-{len(names):06}": 1})) <= most:
        names.append(f"counter-{len(names):06}")
        size += len(json.dumps({names[-1]: 1}))
    bench.fake.service.jobs[job.partition("/")[2]].metrics.update(dict.fromkeys(names, 1))
    bench.fake.move(request.name, "DONE")
    assert bench.over(job) == JobEnd(Outcome.SUCCEEDED, bench.over(job).at, outputs=dict.fromkeys(names, 1))
    assert caplog.text == ""
    bench.fake.service.jobs[job.partition("/")[2]].metrics["counter-that-is-too-much"] = 1
    assert bench.over(job) == JobEnd(Outcome.SUCCEEDED, bench.over(job).at, outputs=dict.fromkeys(names, 1))
    assert f"1 of the {len(names) + 1:,} counters of job" in caplog.text
