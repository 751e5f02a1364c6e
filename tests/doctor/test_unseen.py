"""What doctor may not look at, or gets no answer about, is a finding with a fix of its own."""

from dataclasses import replace

import pytest

from orchestrator.deployment.doctor.checks import CHECKS
from orchestrator.deployment.doctor.findings import Level
from orchestrator.fakes.rest import RefusedError
from orchestrator.ports import QUEUES
from tests.doctor.broken import (
    QUEUE,
)
from tests.doctor.deployment import EVERYTHING, GIVEN, L, P, Patient, bodies
from tests.doubles.google.server import forbidden


def test_an_api_that_is_off_is_found_and_what_hides_behind_it_has_the_same_fix(patient: Patient):
    patient[f"{P}/services/cloudtasks.googleapis.com"]["state"] = "DISABLED"
    found = patient.complaints()
    fix = "gcloud services enable cloudtasks.googleapis.com --project=demo-1"
    assert found[0] == ("APIs", "fail", "cloudtasks.googleapis.com is not enabled", fix)
    assert {(level, fixed) for _, level, _, fixed in found[1:]} == {("unknown", fix)}
    assert [(check, text) for check, _, text, _ in found[1 : 1 + len(QUEUES)]] == [
        (queue, f"cannot read queues/orchestrator-prod-{queue}: cloudtasks.googleapis.com is not enabled")
        for queue in QUEUES
    ]


def test_what_may_not_be_looked_at_is_said_with_the_permission_it_needs(patient: Patient):
    patient.fake.fail("*", forbidden())
    results = patient.examine()
    assert {(result.check, result.level) for result in results} == {
        (check.name, Level.OK if check.name == "graphs.lock" else Level.UNKNOWN) for check in CHECKS
    }
    found = {check: (text, fix) for check, _, text, fix in patient.complaints()}
    assert found["launches"] == (
        "cannot read queues/orchestrator-prod-launches: you need the permission cloudtasks.queues.get: "
        "403 The caller does not have permission",
        "gcloud projects add-iam-policy-binding demo-1 --member=user:YOU --role=roles/viewer",
    )


def test_policies_that_may_not_be_read_hide_grants_and_nothing_else(patient: Patient):
    ann = ("user:ann@example.com",)
    patient.fake.bodies = bodies(given=replace(GIVEN, starters=ann, operators=ann, viewers=ann))
    patient.fake.fail("*", forbidden(), "getIamPolicy")
    found = patient.complaints()
    assert {check for check, *_ in found} == {check.name for check in CHECKS if check.group == "accounts"}
    assert ("scheduler", "unknown") in {(check, level) for check, level, *_ in found}
    buckets = ("demo-templates", "demo-1-orchestrator-prod-jobs", "demo-1-orchestrator-prod-source")
    review = "--member=user:YOU --role=roles/iam.securityReviewer"
    assert {fix for *_, fix in found} == {
        f"gcloud projects add-iam-policy-binding demo-1 {review}",
        *(f"gcloud storage buckets add-iam-policy-binding gs://{bucket} {review}" for bucket in buckets),
    }


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_does_not_answer_is_unknown_and_not_broken(patient: Patient, status: int):
    patient.fake.fail("*", RefusedError(status, "UNAVAILABLE", "The service is currently unavailable."))
    found = patient.complaints()
    assert {level for _, level, *_ in found} == {"unknown"}
    assert found[0][2:] == (
        f"cannot read projects/demo-1: {status} The service is currently unavailable.",
        "try again in a minute",
    )


@pytest.mark.parametrize(
    ("status", "said", "fix"),
    [
        (
            403,
            "Caller does not have required permission to use project demo-1. Grant the caller the roles/serviceusage"
            ".serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission",
            "gcloud projects add-iam-policy-binding demo-1 --member=user:YOU "
            "--role=roles/serviceusage.serviceUsageConsumer",
        ),
        (400, "Invalid resource field value in the request.", "please report it"),
    ],
)
def test_why_something_cannot_be_looked_at_decides_the_fix(patient: Patient, status: int, said: str, fix: str):
    patient.fake.fail(f"{L}/queues/{QUEUE}", RefusedError(status, "X", said), "get")
    ((check, level, text, fixed),) = patient.complaints()
    assert (check, level, fixed) == ("checks", "unknown", fix)
    assert text.endswith(f"{status} {said}")


def test_credentials_that_are_not_taken_are_said_so(patient: Patient):
    patient.fake.fail(f"{L}/queues/{QUEUE}", RefusedError(401, "UNAUTHENTICATED", "Invalid credentials"), "get")
    assert patient.complaints() == [
        (
            "checks",
            "unknown",
            f"cannot read queues/{QUEUE}: Anonymous credentials cannot be refreshed.",
            "gcloud auth application-default login",
        )
    ]


def test_what_is_another_projects_is_allowed_there(patient: Patient):
    patient.fake.bodies = bodies(**EVERYTHING)
    patient.fake.fail("projects/vault-1/secrets/token", forbidden())
    patient.fake.fail("projects/vault-1", forbidden())
    ((check, level, text, fix),) = patient.complaints()
    assert (check, level) == ("tasks", "unknown")
    assert text.startswith("cannot read the policy of secrets/token: you need the permission secretmanager.secrets.get")
    assert fix == "gcloud projects add-iam-policy-binding vault-1 --member=user:YOU --role=roles/iam.securityReviewer"
