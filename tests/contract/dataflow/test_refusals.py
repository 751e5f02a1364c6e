"""What each answer to a launch means: try again, look for the job, or give up."""

from typing import Any

import pytest

from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, QuotaError
from orchestrator.fakes.dataflow.script import Canned, RefusedError, out_of_quota, unavailable
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import LAUNCH, Bench
from tests.fixtures import fixture


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (unavailable(), AmbiguousLaunchError),
        (RefusedError(500, "INTERNAL", "Internal error encountered."), AmbiguousLaunchError),
        (Canned({"job": {}}), AmbiguousLaunchError),
        (Canned({"job": {"id": "1", "name": "another"}}), AmbiguousLaunchError),
        (Canned({}), AmbiguousLaunchError),
        (out_of_quota(), QuotaError),
        (RefusedError(401, "UNAUTHENTICATED", "Request had invalid credentials."), BackendError),
        (RefusedError(403, "PERMISSION_DENIED", "Too fast.", "rateLimitExceeded"), QuotaError),
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
    assert type(raised.value) is QuotaError
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
        ("rate-limit", QuotaError, "Quota exceeded for quota metric"),
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
