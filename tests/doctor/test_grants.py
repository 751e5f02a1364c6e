"""Grants that doctor misses, and what counts as holding a role."""

import pytest

from orchestrator.deployment import GRANTS, Grant
from orchestrator.deployment.given import Given
from tests.doctor.broken import (
    TASKS,
)
from tests.doctor.deployment import APPLY, EVERYTHING, D, P, Patient, bodies
from tests.doubles.google.grants import Granting
from tests.doubles.google.names import Place

GRANTING = Granting(Place(D, "123456789012"), ["demo-templates"], EVERYTHING["given"], EVERYTHING["secrets"])

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
    "secret": "secrets add-iam-policy-binding {} --project=vault-1",
    "notify": "pubsub topics add-iam-policy-binding {} --project=hub-1",
    "images": "artifacts repositories add-iam-policy-binding {} --location=europe --project=images-1",
    "bucket": "storage buckets add-iam-policy-binding gs://{}",
    "repository": "artifacts repositories add-iam-policy-binding {} --location=europe-west4 --project=demo-1",
}


#: Grants on what may be in another project.
ELSEWHERE = ("images", "secrets", "notify")


def theirs(grant: Grant) -> tuple[str, str]:
    """The resource whose policy holds a grant, and to whom."""
    (resource,) = GRANTING.on(grant)
    (member,) = GRANTING.members(grant.who)
    return resource, member


def test_a_deployment_with_everything_is_healthy(patient: Patient):
    patient.fake.bodies = bodies(**EVERYTHING)
    assert patient.complaints() == []


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: f"{grant.who} {grant.role} {grant.on} {grant.only}")
def test_a_grant_that_is_missing_is_found_with_its_reason_and_the_line_that_grants_it(patient: Patient, grant: Grant):
    patient.fake.bodies = bodies(**EVERYTHING)
    resource, member = theirs(grant)
    kind = grant.on.partition(":")[0]
    patient.bodies.revoke(resource, grant.role, member)
    name = "orchestrator-prod" if kind == "database" else resource.rsplit("/", 1)[-1]
    shown = resource if grant.only in ELSEWHERE else name
    things = {"project": "the project", "builds": "bucket gcf-v2-sources-123456789012-europe-west4"}
    thing = things.get(kind, f"{kind} {shown}")
    text = f"{member.removeprefix('serviceAccount:')} lacks {grant.role} on {thing}; purpose: {grant.why}"
    where = WHERE[grant.only if grant.only in ("images", "notify") else kind].format(name)
    fix = f"gcloud {where} --member={member} --role={grant.role}"
    check = {"sink": "sink's writer", "pubsub": "Pub/Sub"}.get(grant.who, grant.who)
    assert patient.complaints() == [(check, "fail", text, fix)]


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: f"{grant.who} {grant.role} {grant.on} {grant.only}")
def test_a_role_in_the_whole_project_is_held_on_each_thing_in_it(patient: Patient, grant: Grant):
    patient.fake.bodies = bodies(**EVERYTHING)
    resource, member = theirs(grant)
    patient.bodies.revoke(resource, grant.role, member)
    project = "/".join(resource.split("/")[:2]) if grant.only in ELSEWHERE else P
    patient.bodies.grant(project, grant.role, member)
    assert patient.complaints() == []


@pytest.mark.parametrize("who", ["tasks", "worker"])
def test_a_bucket_with_templates_that_no_variable_names_is_to_be_named(patient: Patient, who: str):
    """A grant made by hand would be nowhere written down."""
    patient.fake.bodies = bodies(given=Given())
    patient.bodies.revoke(
        "projects/_/buckets/demo-templates", "roles/storage.objectViewer", f"serviceAccount:{D.account(who)}"
    )
    ((check, level, _, fix),) = patient.complaints()
    assert (check, level) == (who, "fail")
    assert fix == f"add 'demo-templates' to the variable template_buckets, and apply: {APPLY}"


def test_what_a_variable_names_and_is_not_there_is_said(patient: Patient):
    patient.fake.bodies = bodies(**EVERYTHING)
    patient.remove("projects/_/buckets/demo-raw", "projects/vault-1/secrets/token")
    assert patient.complaints() == [
        ("tasks", "fail", "there is no secret projects/vault-1/secrets/token", "create it, or name another one"),
        ("worker", "fail", "there is no bucket demo-raw", "create it, or name another one"),
    ]


def test_a_deployment_that_does_not_say_what_it_was_given_is_to_be_applied(patient: Patient):
    patient.remove("projects/_/buckets/demo-1-orchestrator-prod-source/objects/given.json")
    assert patient.complaints() == [
        (
            "variables",
            "warn",
            "gs://demo-1-orchestrator-prod-source has no given.json: what these variables name is unknown: starters, "
            "operators, viewers, template_buckets, data_buckets, image_repositories, notify",
            APPLY,
        )
    ]


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
    resource, _ = theirs(INVOKER)
    patient.bodies.revoke(resource, INVOKER.role, CALLER)
    patient.bodies.grant(resource, role, CALLER, {"expression": condition, "title": "t"} if condition else None)
    found = [(level, text.partition(" (unless ")[2]) for _, level, text, _ in patient.complaints()]
    assert found == ([("warn", f"it has it through {doubt})")] if doubt else [])


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
    for _, _, text, fix in found:
        assert text.startswith(
            f"{BUILDER} lacks roles/storage.objectViewer on bucket gcf-v2-sources-123456789012-europe"
        )
        assert f"expression={IN_BUILDS.format('europe-west4-')}' --member={member}" in fix


def test_a_role_on_another_database_is_not_held_on_this_one(patient: Patient):
    member = f"serviceAccount:{TASKS}"
    patient.bodies.revoke(P, "roles/datastore.user", member)
    expression = 'resource.name == "projects/demo-1/databases/orchestrator-prod-2"'
    patient.bodies.grant(P, "roles/datastore.user", member, {"expression": expression, "title": "t"})
    ((check, level, text, _),) = patient.complaints()
    assert (check, level) == ("tasks", "warn")
    assert text == (
        f"{TASKS} lacks roles/datastore.user on database orchestrator-prod; purpose: runs, steps and counters "
        f"(unless it has it through roles/datastore.user on the condition {expression})"
    )
