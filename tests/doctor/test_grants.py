"""Grants that doctor misses, and what counts as holding a role."""

import pytest

from orchestrator.deployment import GRANTS, Grant
from orchestrator.standins.google_grants import Granting
from orchestrator.standins.google_place import Place
from tests.doctor.broken import (
    TASKS,
)
from tests.doctor.deployment import D, P, Patient

GRANTING = Granting(Place(D, "123456789012"), ["demo-templates"])
ALWAYS = [grant for grant in GRANTS if grant.only in ("", "logs", "templates")]

#: How gcloud calls what a role is granted on.
WHERE = {
    "project": "projects add-iam-policy-binding demo-1 --condition=None",
    "database": "projects add-iam-policy-binding demo-1 --condition='title=orchestrator-prod database,expression="
    'resource.name == "projects/demo-1/databases/orchestrator-prod"\'',
    "builds": "projects add-iam-policy-binding demo-1 --condition='title=orchestrator-prod builds,expression="
    'resource.name == "projects/_/buckets/gcf-v2-sources-123456789012-europe-west4" || '
    'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-123456789012-europe-west4/objects/")\'',
    "queue": "tasks queues add-iam-policy-binding {} --location=europe-west4 --project=demo-1",
    "function": "run services add-iam-policy-binding {} --region=europe-west4 --project=demo-1",
    "account": "iam service-accounts add-iam-policy-binding {} --project=demo-1",
    "topic": "pubsub topics add-iam-policy-binding {} --project=demo-1",
    "subscription": "pubsub subscriptions add-iam-policy-binding {} --project=demo-1",
    "bucket": "storage buckets add-iam-policy-binding gs://{}",
    "repository": "artifacts repositories add-iam-policy-binding {} --location=europe-west4 --project=demo-1",
}


@pytest.mark.parametrize("grant", ALWAYS, ids=lambda grant: f"{grant.who} {grant.role} {grant.on}")
def test_a_grant_that_is_missing_is_found_with_its_reason_and_the_line_that_grants_it(patient: Patient, grant: Grant):
    (resource,) = GRANTING.on(grant)
    member, kind = GRANTING.member(grant.who), grant.on.partition(":")[0]
    patient.bodies.revoke(resource, grant.role, member)
    name = "orchestrator-prod" if kind == "database" else resource.rsplit("/", 1)[-1]
    things = {"project": "the project", "builds": "bucket gcf-v2-sources-123456789012-europe-west4"}
    thing = things.get(kind, f"{kind} {name}")
    text = f"{member.removeprefix('serviceAccount:')} lacks {grant.role} on {thing}; what for: {grant.why}"
    mend = f"gcloud {WHERE[kind].format(name)} --member={member} --role={grant.role}"
    check = {"sink": "sink's writer", "pubsub": "Pub/Sub"}.get(grant.who, grant.who)
    assert patient.complaints() == [(check, "fail", text, mend)]


@pytest.mark.parametrize("grant", ALWAYS, ids=lambda grant: f"{grant.who} {grant.role} {grant.on}")
def test_a_role_in_the_whole_project_is_held_on_each_thing_in_it(patient: Patient, grant: Grant):
    (resource,) = GRANTING.on(grant)
    patient.bodies.revoke(resource, grant.role, GRANTING.member(grant.who))
    patient.bodies.grant(P, grant.role, GRANTING.member(grant.who))
    assert patient.complaints() == []


INVOKER = Grant("caller", "roles/run.invoker", "function:on_task", "Cloud Tasks calls it")
CALLER = "serviceAccount:orchestrator-prod-caller@demo-1.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("role", "condition", "doubt"),
    [
        ("roles/run.admin", None, None),
        ("projects/demo-1/roles/invoker", None, "the custom role projects/demo-1/roles/invoker"),
        ("roles/run.invoker", "request.time < x", "roles/run.invoker on the condition request.time < x"),
    ],
)
def test_a_role_may_be_held_through_another(patient: Patient, role: str, condition: str | None, doubt: str | None):
    (resource,) = GRANTING.on(INVOKER)
    patient.bodies.revoke(resource, INVOKER.role, CALLER)
    patient.bodies.grant(resource, role, CALLER, {"expression": condition, "title": "t"} if condition else None)
    found = [(level, text.partition(" (unless ")[2]) for _, level, text, _ in patient.complaints()]
    assert found == ([("warn", f"it is held by {doubt})")] if doubt else [])


BUILDER = "orchestrator-prod-builder@demo-1.iam.gserviceaccount.com"
IN_BUILDS = 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-123456789012-{}")'


@pytest.mark.parametrize(
    ("held_to", "levels"),
    [("europe-west4-", []), ("europe-west4-0a1b2c", ["warn"]), ("europe-west4/objects/", ["fail"]), ("", ["warn"])],
)
def test_with_a_key_of_their_own_functions_are_built_from_a_bucket_whose_name_goes_on(
    patient: Patient, held_to: str, levels: list[str]
):
    """As Google names it: gcf-v2-sources-NUMBER-REGION-HASH."""
    patient.function("start")["kmsKeyName"] = "projects/demo-1/locations/europe-west4/keyRings/r/cryptoKeys/k"
    member = f"serviceAccount:{BUILDER}"
    patient.bodies.revoke(P, "roles/storage.objectViewer", member)
    expression = IN_BUILDS.format(held_to)
    patient.bodies.grant(P, "roles/storage.objectViewer", member, {"expression": expression, "title": "t"})
    found = patient.complaints()
    assert [level for _, level, *_ in found] == levels
    for _, _, text, mend in found:
        assert text.startswith(
            f"{BUILDER} lacks roles/storage.objectViewer on bucket gcf-v2-sources-123456789012-europe"
        )
        assert f"expression={IN_BUILDS.format('europe-west4-')}' --member={member}" in mend


def test_a_role_on_another_database_is_not_held_on_this_one(patient: Patient):
    member = f"serviceAccount:{TASKS}"
    patient.bodies.revoke(P, "roles/datastore.user", member)
    expression = 'resource.name == "projects/demo-1/databases/orchestrator-prod-2"'
    patient.bodies.grant(P, "roles/datastore.user", member, {"expression": expression, "title": "t"})
    ((check, level, text, _),) = patient.complaints()
    assert (check, level) == ("tasks", "warn")
    assert text == (
        f"{TASKS} lacks roles/datastore.user on database orchestrator-prod; what for: runs, steps and counters "
        f"(unless it is held by roles/datastore.user on the condition {expression})"
    )
