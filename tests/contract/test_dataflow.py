"""The Dataflow backend keeps the port's promises against the fake: launched once, found again, told apart."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.steps import Json
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError
from orchestrator.fakes.dataflow.script import Canned, LaunchCall, RefusedError, Script, out_of_quota, unavailable
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.fakes.discovery import schema_of
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.jobs.dataflow.http import MAX_PAGES
from orchestrator.jobs.dataflow.status import MAX_UPDATES
from orchestrator.ports import JobBackend, JobRequest, JobRunning, Launched
from tests.fixtures import fixture

LAUNCH = "flexTemplates.launch"
PLAYS = {
    "good": Script(queued=0, pending=0, running=0, metrics={"rows": 3}),
    "bad": Script(queued=0, pending=0, running=0, end="FAILED", errors=["Workflow failed. Causes: no such day"]),
    "slow": Script(queued=0, pending=0, running=None, stopping=0),
    "queued": Script(queued=1e6),
    "streaming": Script(queued=0, pending=0, running=None, streaming=True, stopping=1e6),
    "stubborn": Script(queued=0, pending=0, running=None, stubborn=True),
}


def script(call: LaunchCall) -> Script:
    return PLAYS[call.template.removeprefix("gs://templates/")]


@dataclass
class Bench:
    fake: FakeDataflow
    backend: DataflowBackend

    def request(self, template: str, attempt: int = 1, step: str = "orders", **options: Json) -> JobRequest:
        run = Run("run-1", run_key("run-1"), "g", "v", {}, 0.0)
        name = job_name(step, JobRef(run.key, 0, attempt))
        spec: dict[str, Json] = {"template": f"gs://templates/{template}", **options}
        return JobRequest(run, 0, step, attempt, name, "dataflow", spec)

    def over(self, job: str) -> JobEnd:
        while isinstance(status := self.backend.status(job), JobRunning):
            threading.Event().wait(0.005)
        return status

    def until(self, job: str, state: str) -> None:
        """Wait until the job, or the one of that number, really is in a state."""
        number = job.rpartition("/")[2].partition("?")[0]
        while self.fake.service.jobs[number].state != f"JOB_STATE_{state}":
            threading.Event().wait(0.002)


Make = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[Make]:
    benches: list[Bench] = []

    def build(backend: dict[str, Any] | None = None, **options: Any) -> Bench:
        fake = FakeDataflow(script, **options)
        fake.start()
        bench = Bench(fake, DataflowBackend("p", "europe-west4", api_endpoint=fake.url, **(backend or {})))
        benches.append(bench)
        return bench

    yield build
    for bench in benches:
        bench.backend.close()
        bench.fake.stop()
        assert bench.fake.misfits == []


@pytest.fixture
def bench(make: Make) -> Bench:
    return make()


def test_it_is_a_job_backend(bench: Bench):
    backend: JobBackend = bench.backend
    assert backend is bench.backend


def test_a_job_has_the_options_of_its_deployment_and_is_found_again_with_or_without_them(make: Make):
    bench = make({"defaults": {"temp_location": "gs://common", "labels": {"env": "dev"}}})
    request = bench.request("slow", labels={"team": "sales"})
    first = bench.backend.launch(request)
    (job,) = bench.fake.service.jobs.values()
    assert job.call.environment == {
        "tempLocation": f"gs://common/{request.name}",
        "additionalUserLabels": {
            "env": "dev",
            "team": "sales",
            "orchestrator-graph": "g",
            "orchestrator-run": "run-1",
            "orchestrator-step": "orders",
            "orchestrator-attempt": "1",
        },
    }
    bench.backend._defaults = {}  # an upgrade in between
    assert bench.backend.find(request) == first


FUNCTIONS = """
def late(date):
    raise ValueError(f"no orders of {date} yet")

def common(**kwargs):
    where = kwargs["template_location"]
    return {"parameters": {"both": "function", "job": kwargs["job_name"]}, "template_location": where}
"""


def test_a_function_that_raises_is_a_failed_attempt_and_nothing_is_sent(bench: Bench, tmp_path: Path):
    (tmp_path / "late_functions.py").write_text(FUNCTIONS)
    request = bench.request("slow", parameters_from="late_functions:late")
    run = replace(request.run, params={"date": "2026-11-23"}, folder=str(tmp_path))
    over = bench.backend.launch(replace(request, run=run))
    assert isinstance(over, JobEnd)
    assert (over.outcome, over.cause, over.permanent) == (Outcome.FAILED, "exception", False)
    assert over.error == "step 'orders': parameters_from: ValueError: no orders of 2026-11-23 yet (late_functions.py:3)"
    assert bench.fake.service.jobs == {}


def test_what_a_function_returns_is_launched_between_the_common_parameters_and_the_steps_own(
    bench: Bench, tmp_path: Path
):
    (tmp_path / "late_functions.py").write_text(FUNCTIONS)
    common: Json = {"both": "graph", "mine": "graph", "setup_file": "/template/setup.py"}
    own: dict[str, Json] = {"parameters": {"mine": "step"}, "common_parameters": common}
    request = bench.request("slow", parameters_from="late_functions:common", **own)
    bench.backend.launch(replace(request, run=replace(request.run, folder=str(tmp_path))))
    (job,) = bench.fake.service.jobs.values()
    assert (job.call.name, job.call.template) == (request.name, "gs://templates/slow")
    assert job.call.parameters == {
        "both": "function",
        "mine": "step",
        "setup_file": "/template/setup.py",
        "job": request.name,
    }


def test_a_job_that_succeeds_leaves_its_counters_as_outputs(bench: Bench):
    over = bench.over(bench.backend.launch(bench.request("good")).job)
    assert (over.outcome, over.outputs, over.error, over.cause) == (Outcome.SUCCEEDED, {"rows": 3}, None, None)


def test_a_job_that_fails_says_why(bench: Bench):
    over = bench.over(bench.backend.launch(bench.request("bad")).job)
    assert (over.outcome, over.error) == (Outcome.FAILED, "Workflow failed. Causes: no such day")
    assert (over.cause, over.permanent) == ("unknown", False)


def test_a_running_job_is_running_until_it_ends(bench: Bench):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    assert bench.backend.status(job) == JobRunning()
    bench.fake.move(request.name, "DONE")
    assert bench.over(job).outcome is Outcome.SUCCEEDED


def test_launching_a_name_again_gives_the_same_job_while_it_runs_and_after(bench: Bench):
    request = bench.request("slow")
    first = bench.backend.launch(request)
    assert bench.backend.launch(request) == first
    bench.fake.move(request.name, "FAILED")
    assert bench.backend.launch(request) == first
    assert bench.fake.launches == {request.name: 1}


def test_a_job_is_found_by_its_name_in_whatever_state(bench: Bench):
    request = bench.request("slow")
    assert bench.backend.find(request) is None
    launched = bench.backend.launch(request)
    assert bench.backend.find(request) == launched
    bench.fake.move(request.name, "CANCELLED")
    assert bench.backend.find(request) == launched


def test_attempts_are_different_jobs(bench: Bench):
    first, second = (bench.backend.launch(bench.request("slow", attempt)) for attempt in (1, 2))
    assert first.job != second.job


def test_a_step_s_region_wins_and_is_kept_in_the_job(bench: Bench):
    assert bench.backend.launch(bench.request("slow")).job.startswith("europe-west4/2")
    elsewhere = bench.backend.launch(bench.request("slow", region="us-central1"))
    assert elsewhere.job.startswith("us-central1/2")
    assert bench.backend.status(elsewhere.job) == JobRunning()


def test_a_classic_template_is_launched_by_its_path_and_may_have_no_state_yet(bench: Bench):
    launched = bench.backend.launch(bench.request("slow", classic=True))
    assert bench.fake.calls["templates.launch"] == 1
    assert bench.backend.status(launched.job) == JobRunning()


# Launching once.


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


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (unavailable(), AmbiguousLaunchError),
        (RefusedError(500, "INTERNAL", "Internal error encountered."), AmbiguousLaunchError),
        (Canned({"job": {}}), AmbiguousLaunchError),
        (Canned({"job": {"id": "1", "name": "another"}}), AmbiguousLaunchError),
        (Canned({}), AmbiguousLaunchError),
        (out_of_quota(), BackendError),
        (RefusedError(401, "UNAUTHENTICATED", "Request had invalid credentials."), BackendError),
        (RefusedError(403, "PERMISSION_DENIED", "Too fast.", "rateLimitExceeded"), BackendError),
        (RefusedError(403, "PERMISSION_DENIED", "The caller does not have permission"), LaunchRefusedError),
        (RefusedError(404, "NOT_FOUND", "The template is not there."), LaunchRefusedError),
    ],
    ids=lambda value: getattr(value, "message", None) or getattr(value, "__name__", None) or str(value),
)
def test_what_an_answer_to_a_launch_means(bench: Bench, fault: Any, kind: type[Exception]):
    bench.fake.fail(LAUNCH, *[fault] * 3)  # a 401 is tried with fresh credentials
    with pytest.raises(kind) as raised:
        bench.backend.launch(bench.request("slow"))
    assert type(raised.value) is kind


RATE = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}
QUOTA = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"subject": "p", "description": "CPUs"}],
}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (RefusedError(403, "PERMISSION_DENIED", "Slow.", "userRateLimitExceeded"), "403 Slow. (userRateLimitExceeded)"),
        (RefusedError(403, "PERMISSION_DENIED", "Much.", "quotaExceeded"), "403 Much. (quotaExceeded)"),
        (RefusedError(403, "PERMISSION_DENIED", "Slow.", details=[RATE]), "403 Slow. (RATE_LIMIT_EXCEEDED)"),
        (RefusedError(400, "FAILED_PRECONDITION", "No.", details=[QUOTA]), "400 No: p: CPUs"),
        (RefusedError(403, "RESOURCE_EXHAUSTED", "Not now."), "403 Not now."),
    ],
    ids=str,
)
def test_a_launch_that_came_too_fast_may_be_made_again(bench: Bench, fault: RefusedError, said: str):
    """A 403 with such a reason was taken for a lack of permission, and the step failed for good."""
    bench.fake.fail(LAUNCH, *[fault] * 2)
    with pytest.raises(BackendError) as raised:
        bench.backend.launch(bench.request("slow"))
    assert type(raised.value) is BackendError
    assert str(raised.value).endswith(said)


FIELD = {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    "fieldViolations": [
        {"field": "launch_parameter.environment.network", "description": "no such network"},
        {"field": "launch_parameter.environment.num_workers", "description": "too many"},
    ],
}
PERIMETER = {
    "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
    "violations": [{"type": "VPC_SERVICE_CONTROLS", "subject": "p", "description": "uid-1"}],
}
DISABLED = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}


@pytest.mark.parametrize(
    ("fault", "cause", "said"),
    [
        (
            RefusedError(400, "INVALID_ARGUMENT", "Request is not valid.", details=[FIELD]),
            "parameters",
            "400 Request is not valid: launch_parameter.environment.network: no such network; "
            "launch_parameter.environment.num_workers: too many",
        ),
        (
            RefusedError(403, "PERMISSION_DENIED", "Request is prohibited.", details=[PERIMETER]),
            "permission",
            "403 Request is prohibited: VPC_SERVICE_CONTROLS p: uid-1",
        ),
        (
            RefusedError(403, "PERMISSION_DENIED", "It is off.", details=[DISABLED]),
            "permission",
            "403 It is off. (SERVICE_DISABLED)",
        ),
        (RefusedError(404, "NOT_FOUND", "The template is not there."), "parameters", "404 The template is not there."),
        (
            RefusedError(404, "NOT_FOUND", "(1a2b3c4d5e): Unable to open template file: gs://b/t."),
            "permission",
            "404 (1a2b3c4d5e): Unable to open template file: gs://b/t.",
        ),
        (RefusedError(413, "OUT_OF_RANGE", "Too large."), "refused", "413 Too large."),
        (
            RefusedError(400, "INVALID_ARGUMENT", "Odd.", details=["x", {"fieldViolations": {"a": 1}}]),
            "parameters",
            "400 Odd.",
        ),
    ],
    ids=str,
)
def test_a_refused_launch_says_what_is_wrong_and_of_which_class(
    bench: Bench, fault: RefusedError, cause: str, said: str
):
    bench.fake.fail(LAUNCH, fault)
    with pytest.raises(LaunchRefusedError) as refusal:
        bench.backend.launch(bench.request("slow"))
    assert str(refusal.value) == f"Dataflow did not launch {bench.request('slow').name}: {said}"
    assert refusal.value.cause == cause


def test_a_refusal_lists_every_parameter_that_is_wrong(bench: Bench):
    request = bench.request(
        "slow", service_account="a@b", network="n", parameters={"serviceAccount": "c", "network": "m"}
    )
    with pytest.raises(LaunchRefusedError) as refusal:
        bench.backend.launch(request)
    text = "Runtime parameter {0} should not be specified in both parameters field and environment field."
    assert str(refusal.value) == (
        f"Dataflow did not launch {request.name}: 400 The template parameters are invalid: "
        f"serviceAccount: {text.format('serviceAccount')}; network: {text.format('network')}"
    )


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("invalid-parameters", LaunchRefusedError, "serviceAccount: Runtime parameter"),
        ("api-disabled", LaunchRefusedError, "it is disabled. Enable it by visiting"),
        ("rate-limit", BackendError, "Quota exceeded for quota metric"),
    ],
)
def test_recorded_errors_of_launches(bench: Bench, name: str, kind: type[Exception], text: str):
    body = fixture(f"dataflow/{name}")["body"]
    bench.fake.fail(LAUNCH, Canned(body, body["error"]["code"]))
    with pytest.raises(kind, match=text) as raised:
        bench.backend.launch(bench.request("slow"))
    assert type(raised.value) is kind


@pytest.mark.parametrize("name", ["launched", "launched-without-state"])
def test_recorded_answers_to_launches_are_running_jobs(bench: Bench, name: str):
    recorded = fixture(f"dataflow/{name}")["body"]
    job = recorded.get("job", recorded)
    bench.fake.fail("jobs.get", Canned(job))
    assert bench.backend.status(f"us-central1/{job['id']}") == JobRunning()


def test_nothing_was_launched_by_a_server_that_is_not_there(bench: Bench):
    backend = DataflowBackend("p", "europe-west4", api_endpoint="http://127.0.0.1:1")
    with pytest.raises(BackendError, match="cannot list the jobs called orders--") as raised:
        backend.launch(bench.request("slow"))
    assert type(raised.value) is BackendError


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


# How a job stands.

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


def test_a_failure_without_a_message_is_looked_at_again_later(make: Make):
    now = [0.0]
    bench = make(backend={"clock": lambda: now[0]}, message_lag=1e6)
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "FAILED", "Workflow failed.")
    assert bench.backend.status(job) == JobRunning()
    now[0] = 1e12
    over = bench.over(job)
    assert (over.outcome, over.cause) == (Outcome.FAILED, "unknown")
    assert "and none of its messages says why" in (over.error or "")


@pytest.mark.parametrize(
    ("text", "cause", "permanent", "retry_after"),
    [
        ("PERMISSION_DENIED: no", "permission", True, 0.0),
        ("ZONE_RESOURCE_POOL_EXHAUSTED", "stockout", False, 600.0),
        ("QUOTA_EXCEEDED: CPUS", "quota", False, 300.0),
        ("java.lang.OutOfMemoryError: Java heap space", "memory", False, 0.0),
    ],
)
def test_a_failure_has_a_cause_that_says_whether_and_when_it_is_tried_again(
    bench: Bench, text: str, cause: str, permanent: bool, retry_after: float
):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "FAILED", text)
    over = bench.over(job)
    assert (over.error, over.cause, over.permanent, over.retry_after) == (text, cause, permanent, retry_after)


def test_a_launcher_that_failed_is_recognised_and_its_log_named(make: Make):
    bench = make()
    request = bench.request("queued")
    job = bench.backend.launch(request).job
    text = "Error occurred in the launcher container: Template launch failed. See console logs."
    bench.fake.move(request.name, "FAILED", text)
    over = bench.over(job)
    number = job.partition("/")[2]
    log = f"[its launcher's log: template_launches/{number}/console_logs in the staging location]"
    assert (over.cause, over.permanent, over.error) == ("launcher", False, f"{text} {log}")


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


# Streaming.


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


# Stopping.


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
