"""doctor finds nothing wrong with a whole deployment; and of one in which one thing is broken, that, and its mend."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.deployment import GRANTS, Grant
from orchestrator.doctor.checks import CHECKS, examine
from orchestrator.doctor.findings import Level
from orchestrator.doctor.world import Here, World
from orchestrator.standins.google import forbidden
from orchestrator.standins.google_grants import Granting
from orchestrator.standins.google_place import Place
from orchestrator.standins.rest import RefusedError
from tests.doctor.deployment import APPLY, ARCHIVE, LOCK, TEMPLATE, D, L, P, Patient, bodies

Complaint = tuple[str, str, str, str]

QUEUE = "orchestrator-prod-checks"
SIGNALS = "orchestrator-prod-signals"
LETTERS = "orchestrator-prod-dead-letters"
DATABASE = f"{P}/databases/orchestrator-prod"
TASKS = "orchestrator-prod-tasks@demo-1.iam.gserviceaccount.com"
EVENTS = "orchestrator-prod-events@demo-1.iam.gserviceaccount.com"
ON_SIGNAL = "https://orchestrator-prod-on-signal-123456789012.europe-west4.run.app"
ON_SIGNAL_TOO = "https://orchestrator-prod-on-signal-abcdefghij-ew.a.run.app"
ON_TASK = "https://orchestrator-prod-on-task-123456789012.europe-west4.run.app"
ON_TASK_TOO = "https://orchestrator-prod-on-task-abcdefghij-ew.a.run.app"
TTL = "--database=orchestrator-prod --project=demo-1"


def with_build(target: str, **build: Any) -> Callable[[Patient], object]:
    return lambda patient: patient.function(target)["buildConfig"].update(build)


def with_config(target: str, **config: Any) -> Callable[[Patient], object]:
    return lambda patient: patient.function(target)["serviceConfig"].update(config)


def told(target: str, name: str, value: str) -> Callable[[Patient], object]:
    return lambda patient: patient.variables(target).update({name: value})


def body(name: str, **fields: Any) -> Callable[[Patient], object]:
    return lambda patient: patient[name].update(fields)


def without(*names: str) -> Callable[[Patient], object]:
    return lambda patient: patient.remove(*names)


def content(data: bytes) -> Callable[[Patient], object]:
    return lambda patient: patient.bodies.contents.update({TEMPLATE: data})


BUILD = "gcloud dataflow flex-template build gs://demo-templates/sales/orders.json --image=IMAGE --sdk-language=PYTHON"
SEE = "https://console.cloud.google.com/apis/api/dataflow.googleapis.com/quotas?project=demo-1"

BROKEN: dict[str, tuple[Callable[[Patient], object], Complaint]] = {
    "the project is being deleted": (
        body(P, lifecycleState="DELETE_REQUESTED"),
        ("project", "fail", "it is being deleted (DELETE_REQUESTED)", "gcloud projects undelete demo-1"),
    ),
    "an API is not enabled": (
        body(f"{P}/services/compute.googleapis.com", state="DISABLED"),
        (
            "APIs",
            "fail",
            "compute.googleapis.com is not enabled",
            "gcloud services enable compute.googleapis.com --project=demo-1",
        ),
    ),
    "26 jobs are running": (
        body(f"{P}/jobs", jobs=[{"id": str(n), "currentState": "JOB_STATE_RUNNING"} for n in range(26)]),
        (
            "jobs at once",
            "warn",
            "26 Dataflow jobs are running, and a run of graph 'sales' may have 4 at once: the quota is 25, unless more "
            "was asked for",
            f"see the quota, and ask for more, at {SEE}",
        ),
    ),
    "a region did not say how many jobs it has": (
        body(f"{P}/jobs", failedLocation=[{"name": "us-east1"}]),
        ("jobs at once", "warn", "jobs in us-east1 could not be counted", "ask again in a minute"),
    ),
    "a function is not deployed": (
        without(*(f"{L}/{kind}/orchestrator-prod-sweep" for kind in ("functions", "services"))),
        ("sweep", "fail", "orchestrator-prod-sweep is not deployed", APPLY),
    ),
    "a function has failed": (
        body(
            f"{L}/functions/orchestrator-prod-start",
            state="FAILED",
            stateMessages=[{"severity": "ERROR", "type": "X", "message": "Build failed."}],
        ),
        ("start", "fail", "its state is FAILED, not ACTIVE: Build failed.", APPLY),
    ),
    "a function is older than the repository": (
        with_build("on_task", source={"storageSource": {"bucket": "b", "object": "functions-old.zip"}}),
        (
            "on_task",
            "fail",
            f"it is not what lies here: it was built from functions-old.zip, and this folder makes {ARCHIVE}",
            APPLY,
        ),
    ),
    "a function has another entry point": (
        with_build("start", entryPoint="main"),
        ("start", "fail", "its entry point is 'main', not 'start'", APPLY),
    ),
    "a function runs as another account": (
        with_config("on_task", serviceAccountEmail="123456789012-compute@developer.gserviceaccount.com"),
        (
            "on_task",
            "fail",
            f"it runs as 123456789012-compute@developer.gserviceaccount.com, not as {TASKS}",
            APPLY,
        ),
    ),
    "a function always has an instance": (
        with_config("start", minInstanceCount=1),
        ("start", "warn", "at least 1 of its instances are always on, which costs all day", APPLY),
    ),
    "a function was not told where a queue is": (
        told("on_task", "ORCHESTRATOR_CHECKS_QUEUE", ""),
        ("on_task", "fail", "ORCHESTRATOR_CHECKS_QUEUE: expected a value, came nothing", APPLY),
    ),
    "a function was told of another region": (
        told("sweep", "ORCHESTRATOR_REGION", "us-east1"),
        ("sweep", "fail", "ORCHESTRATOR_REGION: expected europe-west4, came us-east1", APPLY),
    ),
    "a function was told of another queue than the others": (
        told("start", "ORCHESTRATOR_CHECKS_QUEUE", "old"),
        (
            "start",
            "fail",
            f"ORCHESTRATOR_CHECKS_QUEUE: expected {QUEUE} as the other functions were told, came old",
            APPLY,
        ),
    ),
    "a function was told something that means nothing": (
        told("start", "ORCHESTRATOR_QUEUE", "x"),
        ("start", "warn", "ORCHESTRATOR_QUEUE: it is told this, and knows no such variable", APPLY),
    ),
    "tasks go elsewhere": (
        told("on_task", "ORCHESTRATOR_TASK_URL", "https://old.run.app"),
        (
            "on_task",
            "fail",
            f"ORCHESTRATOR_TASK_URL: expected an address of orchestrator-prod-on-task ({ON_TASK} or {ON_TASK_TOO}), "
            "came https://old.run.app",
            APPLY,
        ),
    ),
    "anybody may call a function": (
        lambda patient: patient.bodies.grant(
            f"{L}/services/orchestrator-prod-on-task", "roles/run.invoker", "allUsers"
        ),
        (
            "on_task",
            "warn",
            "anybody may call it: allUsers has roles/run.invoker",
            "gcloud run services remove-iam-policy-binding orchestrator-prod-on-task --region=europe-west4 "
            "--project=demo-1 --member=allUsers --role=roles/run.invoker",
        ),
    ),
    "a queue is paused": (
        body(f"{L}/queues/{QUEUE}", state="PAUSED"),
        (
            "checks",
            "fail",
            "its state is PAUSED, not RUNNING: tasks wait in it, and runs stand still",
            f"gcloud tasks queues resume {QUEUE} --location=europe-west4 --project=demo-1",
        ),
    ),
    "a queue is not there": (
        without(f"{L}/queues/{QUEUE}"),
        ("checks", "fail", f"there is no queue {QUEUE} in europe-west4", APPLY),
    ),
    "a queue gives up early": (
        body(f"{L}/queues/{QUEUE}", retryConfig={"maxAttempts": 3}),
        (
            "checks",
            "warn",
            "a task is tried 3 times, and then left to the sweep: expected 10 at least",
            f"gcloud tasks queues update {QUEUE} --max-attempts=100 --location=europe-west4 --project=demo-1",
        ),
    ),
    "the sink is not there": (
        without(f"{P}/sinks/{SIGNALS}"),
        ("log sink", "fail", f"there is no log sink {SIGNALS}: nobody hears that a job has ended", APPLY),
    ),
    "the sink is disabled": (
        body(f"{P}/sinks/{SIGNALS}", disabled=True),
        (
            "log sink",
            "fail",
            "it is disabled: nobody hears that a job has ended",
            f"gcloud logging sinks update {SIGNALS} --no-disabled --project=demo-1",
        ),
    ),
    "the sink goes elsewhere": (
        body(f"{P}/sinks/{SIGNALS}", destination="storage.googleapis.com/b"),
        (
            "log sink",
            "fail",
            f"its destination is storage.googleapis.com/b, not pubsub.googleapis.com/{P}/topics/{SIGNALS}",
            APPLY,
        ),
    ),
    "the sink lets other jobs by": (
        body(f"{P}/sinks/{SIGNALS}", filter='resource.labels.job_name=~"^old--"'),
        (
            "log sink",
            "fail",
            "its filter lets no job of ours by: expected 'orchestrator-prod--' in "
            "'resource.labels.job_name=~\"^old--\"'",
            APPLY,
        ),
    ),
    "a topic is not there": (
        without(f"{P}/topics/{LETTERS}"),
        ("topics", "fail", f"there is no topic {LETTERS}", APPLY),
    ),
    "the subscription is not there": (
        without(f"{P}/subscriptions/{SIGNALS}"),
        ("push", "fail", f"there is no subscription {SIGNALS}: signals reach nobody", APPLY),
    ),
    "the subscription has lost its topic": (
        body(f"{P}/subscriptions/{SIGNALS}", topic="_deleted-topic_"),
        ("push", "fail", f"it is a subscription of _deleted-topic_, not of {P}/topics/{SIGNALS}", APPLY),
    ),
    "the subscription pushes elsewhere": (
        body(
            f"{P}/subscriptions/{SIGNALS}",
            pushConfig={"pushEndpoint": "https://x", "oidcToken": {"serviceAccountEmail": EVENTS}},
        ),
        (
            "push",
            "fail",
            f"it pushes to https://x: expected an address of orchestrator-prod-on-signal ({ON_SIGNAL} or "
            f"{ON_SIGNAL_TOO})",
            APPLY,
        ),
    ),
    "the subscription pushes as nobody": (
        body(f"{P}/subscriptions/{SIGNALS}", pushConfig={"pushEndpoint": ON_SIGNAL}),
        ("push", "fail", f"it pushes as nobody, not as {EVENTS}, and is turned away", APPLY),
    ),
    "the subscription has no dead letters": (
        lambda patient: patient[f"{P}/subscriptions/{SIGNALS}"].pop("deadLetterPolicy"),
        ("push", "warn", f"signals that cannot be handled go to nowhere, not to {P}/topics/{LETTERS}", APPLY),
    ),
    "the subscription goes when it is idle": (
        body(f"{P}/subscriptions/{SIGNALS}", expirationPolicy={"ttl": "2678400s"}),
        (
            "push",
            "fail",
            "it is deleted when nothing has come for 2678400s",
            f"gcloud pubsub subscriptions update {SIGNALS} --expiration-period=never --project=demo-1",
        ),
    ),
    "the dead letters are not kept": (
        without(f"{P}/subscriptions/{LETTERS}"),
        (
            "dead letters",
            "warn",
            f"there is no subscription {LETTERS}: signals that cannot be handled are not kept",
            APPLY,
        ),
    ),
    "the dead letters go when they are few": (
        lambda patient: patient[f"{P}/subscriptions/{LETTERS}"].pop("expirationPolicy"),
        (
            "dead letters",
            "fail",
            "it is deleted when nothing has come for 31 days",
            f"gcloud pubsub subscriptions update {LETTERS} --expiration-period=never --project=demo-1",
        ),
    ),
    "the database is not there": (
        without(DATABASE),
        ("database", "fail", "there is no Firestore database orchestrator-prod", APPLY),
    ),
    "the database is of another type": (
        body(DATABASE, type="DATASTORE_MODE"),
        (
            "database",
            "fail",
            "its type is DATASTORE_MODE, not FIRESTORE_NATIVE",
            "name another database in the variable 'database', and apply: this one cannot be changed",
        ),
    ),
    "old runs are never deleted": (
        without(f"{DATABASE}/collectionGroups/steps/fields/expire_at"),
        (
            "retention",
            "fail",
            "steps has no TTL policy on expire_at: old ones are never deleted",
            f"gcloud firestore fields ttls update expire_at --enable-ttl --collection-group=steps {TTL}",
        ),
    ),
    "a TTL policy is broken": (
        body(f"{DATABASE}/collectionGroups/runs/fields/expire_at", ttlConfig={"state": "NEEDS_REPAIR"}),
        (
            "retention",
            "fail",
            "the TTL policy of runs on expire_at is NEEDS_REPAIR, not ACTIVE",
            f"gcloud firestore fields ttls update expire_at --enable-ttl --collection-group=runs {TTL}",
        ),
    ),
    "a TTL policy is being made": (
        body(f"{DATABASE}/collectionGroups/counters/fields/expire_at", ttlConfig={"state": "CREATING"}),
        ("retention", "warn", "the TTL policy of counters is still being made", "ask again in some minutes"),
    ),
    "a bucket is not there": (
        without("projects/_/buckets/demo-1-orchestrator-prod-jobs"),
        ("buckets", "fail", "there is no bucket gs://demo-1-orchestrator-prod-jobs", APPLY),
    ),
    "the images have no repository": (
        without(f"{L}/repositories/orchestrator-prod"),
        ("images", "fail", f"there is no Artifact Registry repository {L}/repositories/orchestrator-prod", APPLY),
    ),
    "a template is not there": (
        without(TEMPLATE),
        ("templates", "fail", "gs://demo-templates/sales/orders.json is not there", BUILD),
    ),
    "a template may not be read": (
        lambda patient: patient.double.fail(TEMPLATE, forbidden()),
        (
            "templates",
            "unknown",
            "cannot look at gs://demo-templates/sales/orders.json: it needs the permission storage.objects.get: "
            "403 The caller does not have permission",
            "gcloud storage buckets add-iam-policy-binding gs://demo-templates --member=user:YOU "
            "--role=roles/storage.objectViewer",
        ),
    ),
    "a template is no JSON": (
        content(b"\x80\x04"),
        ("templates", "fail", "gs://demo-templates/sales/orders.json is not JSON, and so no template", BUILD),
    ),
    "a template is the metadata alone": (
        content(b'{"name": "Orders", "parameters": []}'),
        (
            "templates",
            "fail",
            "gs://demo-templates/sales/orders.json names no image: expected what 'gcloud dataflow flex-template build' "
            "writes",
            BUILD,
        ),
    ),
    "an answer is not as anybody thought": (
        body(TEMPLATE, size="many"),
        (
            "templates",
            "unknown",
            "this check is broken, and may have overlooked something: ValueError: invalid literal for int() with base "
            "10: 'many'",
            "please report it",
        ),
    ),
    "the sweep is paused": (
        body(f"{L}/jobs/orchestrator-prod-sweep", state="PAUSED"),
        (
            "sweep",
            "fail",
            "it is paused: nothing is started",
            "gcloud scheduler jobs resume orchestrator-prod-sweep --location=europe-west4 --project=demo-1",
        ),
    ),
    "the sweep is not there": (
        without(f"{L}/jobs/orchestrator-prod-sweep"),
        ("sweep", "fail", "there is no Cloud Scheduler job orchestrator-prod-sweep", APPLY),
    ),
    "the last sweep failed": (
        body(
            f"{L}/jobs/orchestrator-prod-sweep",
            lastAttemptTime="2026-01-31T06:00:00Z",
            status={"code": 7, "message": "no"},
        ),
        (
            "sweep",
            "fail",
            "its last attempt, at 2026-01-31T06:00:00Z, ended with PERMISSION_DENIED: no",
            "gcloud functions logs read orchestrator-prod-sweep --gen2 --region=europe-west4 --project=demo-1",
        ),
    ),
    "a graph's schedule is not there": (
        without(f"{L}/jobs/orchestrator-prod-start-sales"),
        ("graphs", "fail", "sales: there is no Cloud Scheduler job orchestrator-prod-start-sales", APPLY),
    ),
    "a graph's schedule is paused": (
        body(f"{L}/jobs/orchestrator-prod-start-sales", state="PAUSED"),
        (
            "graphs",
            "fail",
            "sales: it is paused: nothing is started",
            "gcloud scheduler jobs resume orchestrator-prod-start-sales --location=europe-west4 --project=demo-1",
        ),
    ),
    "a schedule is on that should be paused": (
        body(f"{L}/jobs/orchestrator-prod-start-nightly", state="ENABLED"),
        (
            "graphs",
            "fail",
            "nightly: it is running, and the graph says paused",
            "gcloud scheduler jobs pause orchestrator-prod-start-nightly --location=europe-west4 --project=demo-1",
        ),
    ),
    "a schedule could not be changed": (
        body(f"{L}/jobs/orchestrator-prod-start-sales", state="UPDATE_FAILED"),
        ("graphs", "fail", "sales: its state is UPDATE_FAILED, not ENABLED", APPLY),
    ),
    "a schedule is another than the graph's": (
        body(f"{L}/jobs/orchestrator-prod-start-sales", schedule="0 7 * * *"),
        (
            "graphs",
            "fail",
            "sales: its schedule is '0 7 * * *' (Europe/Berlin), and the graph says '0 6 * * *' (Europe/Berlin)",
            APPLY,
        ),
    ),
    "an account is not there": (
        without(f"{P}/serviceAccounts/{TASKS}"),
        ("tasks", "fail", f"there is no service account {TASKS}", APPLY),
    ),
    "an account is disabled": (
        body(f"{P}/serviceAccounts/{TASKS}", disabled=True),
        (
            "tasks",
            "fail",
            f"{TASKS} is disabled",
            f"gcloud iam service-accounts enable {TASKS} --project=demo-1",
        ),
    ),
    "an account may do everything": (
        lambda patient: patient.bodies.grant(P, "roles/editor", f"serviceAccount:{TASKS}"),
        (
            "tasks",
            "warn",
            f"{TASKS} has roles/editor: it may do nearly everything, and needs none of it",
            "gcloud projects remove-iam-policy-binding demo-1 --condition=None "
            f"--member=serviceAccount:{TASKS} --role=roles/editor",
        ),
    ),
}


def test_a_whole_deployment_is_well(patient: Patient):
    results = patient.examine()
    assert [(result.group, result.check) for result in results] == [(check.group, check.name) for check in CHECKS]
    assert {result.level for result in results} == {Level.OK}


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_thing_is_found_with_its_mend(patient: Patient, case: str):
    break_it, complaint = BROKEN[case]
    break_it(patient)
    assert patient.complaints() == [complaint]


def test_every_check_is_broken_at_least_once():
    elsewhere = {"graphs.lock", "Eventarc", "signals", "starter", "caller", "events", "scheduler", "worker", "builder"}
    elsewhere |= {"on_signal", "launches", "sink's writer", "Pub/Sub"}  # as those beside them, or below
    assert {check.name for check in CHECKS} == {complaint[0] for _, complaint in BROKEN.values()} | elsewhere


GRANTING = Granting(Place(D, "123456789012"), ["demo-templates"])
ALWAYS = [grant for grant in GRANTS if grant.only in ("", "logs", "templates")]

#: How gcloud calls what a role is granted on.
WHERE = {
    "project": "projects add-iam-policy-binding demo-1 --condition=None",
    "database": "projects add-iam-policy-binding demo-1 --condition='title=orchestrator-prod database,expression="
    'resource.name == "projects/demo-1/databases/orchestrator-prod"\'',
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
    thing = "the project" if kind == "project" else f"{kind} {name}"
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


def test_jobs_are_counted_over_all_pages_and_only_while_they_run(patient: Patient):
    states = ["RUNNING", "QUEUED", "DONE"]
    patient[f"{P}/jobs"]["jobs"] = [{"id": str(n), "currentState": f"JOB_STATE_{states[n % 3]}"} for n in range(31)]
    assert patient.complaints() == []  # 21 run: with the 4 of the largest graph that is the quota
    patient[f"{P}/jobs"]["jobs"].append({"id": "31", "currentState": "JOB_STATE_PENDING"})
    assert [text[:2] for _, _, text, _ in patient.complaints()] == ["22"]


def test_a_classic_template_is_known_by_its_job_or_by_its_size(patient: Patient):
    patient.bodies.contents[TEMPLATE] = b'{"name": "wordcount", "steps": []}'
    assert patient.complaints() == []
    patient[TEMPLATE]["size"] = "2000000"
    patient.bodies.contents[TEMPLATE] = b"not read at all"
    assert patient.complaints() == []


def test_the_templates_that_google_provides_need_no_grant(patient: Patient):
    path = "gs://dataflow-templates-europe-west4/latest/Word_Count"
    lock = {**LOCK, "graphs": {"sales": {**LOCK["graphs"]["sales"], "templates": [path]}}}
    patient.lock(lock)
    name = "projects/_/buckets/dataflow-templates-europe-west4/objects/latest/Word_Count"
    patient.bodies.resources[name] = {"size": "9000000"}
    assert patient.complaints() == []


def test_eventarc_may_tell_of_jobs_instead_of_the_log(patient: Patient):
    patient.double.bodies = bodies(logs=False, eventarc=True)
    assert patient.complaints() == []
    patient.remove(f"{P}/locations/europe-west1/triggers/orchestrator-prod-job-status")
    assert patient.complaints() == [("Eventarc", "fail", "no trigger hears the jobs in europe-west1", APPLY)]


def test_a_trigger_that_cannot_deliver_is_found(patient: Patient):
    patient.double.bodies = bodies(eventarc=True)
    trigger = patient[f"{L}/triggers/orchestrator-prod-job-status"]
    trigger["serviceAccount"] = "projects/demo-1/serviceAccounts/other@demo-1.iam.gserviceaccount.com"
    trigger["conditions"] = {"function": {"code": "NOT_FOUND", "message": "no such service"}}
    patient.bodies.revoke(P, "roles/eventarc.eventReceiver", f"serviceAccount:{EVENTS}")
    name = "trigger orchestrator-prod-job-status"
    assert patient.complaints() == [
        ("Eventarc", "fail", f"{name} calls as other@demo-1.iam.gserviceaccount.com, not as {EVENTS}", APPLY),
        ("Eventarc", "fail", f"{name}: function: no such service", APPLY),
        (
            "events",
            "fail",
            f"{EVENTS} lacks roles/eventarc.eventReceiver on the project; what for: Eventarc delivers in its name",
            "gcloud projects add-iam-policy-binding demo-1 --condition=None "
            f"--member=serviceAccount:{EVENTS} --role=roles/eventarc.eventReceiver",
        ),
    ]


def test_without_sink_and_without_triggers_nobody_hears_of_jobs(patient: Patient):
    patient.double.bodies = bodies(logs=False)
    assert [text for _, _, text, _ in patient.complaints()] == [
        f"there is no log sink {SIGNALS}: nobody hears that a job has ended",
        f"there is no topic {SIGNALS}",
        f"there is no topic {LETTERS}",
        f"there is no subscription {SIGNALS}: signals reach nobody",
        f"there is no subscription {LETTERS}: signals that cannot be handled are not kept",
    ]


def test_runs_that_are_kept_for_ever_need_no_ttl(patient: Patient):
    patient.double.bodies = bodies(retention=None)
    assert patient.complaints() == []


def test_without_a_lock_what_it_says_is_not_known_and_the_rest_is_looked_at(patient: Patient):
    patient.here = Here(None, "graphs/graphs.lock: there is no such file", None, "not in the repository")
    assert patient.complaints() == [
        (
            "graphs.lock",
            "unknown",
            "cannot look at schedules, templates and what is deployed: graphs/graphs.lock: there is no such file",
            "orchestrator lock; run this where the graphs lie, or name their folder: --graphs FOLDER",
        )
    ]
    (said,) = [result for result in patient.examine() if result.check == "on_task"]
    assert [finding.text for finding in said.findings] == [
        "cannot tell whether it is up to date: not in the repository"
    ]


def test_graphs_that_cannot_be_deployed_or_have_changed_are_named(patient: Patient):
    wrong = {**LOCK["graphs"]["sales"], "problems": ["sales.yaml:3: no region"], "schedule": None}
    patient.lock({**LOCK, "graphs": {"sales": wrong}, "files": {"sales.yaml": "0" * 64, "gone.yaml": "0" * 64}})
    assert patient.here.lock is not None
    folder = patient.here.lock.folder
    mend = f"orchestrator lock {folder} && {APPLY}"
    assert patient.complaints() == [
        (
            "graphs.lock",
            "fail",
            "graph 'sales' cannot be deployed: sales.yaml:3: no region",
            "mend the graph, and lock it again",
        ),
        ("graphs.lock", "warn", "gone.yaml is not as it was when it was locked", mend),
        ("graphs.lock", "warn", "sales.yaml is not as it was when it was locked", mend),
    ]


def test_an_api_that_is_off_is_found_and_what_hides_behind_it_has_the_same_mend(patient: Patient):
    patient[f"{P}/services/cloudtasks.googleapis.com"]["state"] = "DISABLED"
    found = patient.complaints()
    mend = "gcloud services enable cloudtasks.googleapis.com --project=demo-1"
    assert found[0] == ("APIs", "fail", "cloudtasks.googleapis.com is not enabled", mend)
    assert {(level, mended) for _, level, _, mended in found[1:]} == {("unknown", mend)}
    assert [(check, text) for check, _, text, _ in found[1:3]] == [
        (lane, f"cannot look at queues/orchestrator-prod-{lane}: cloudtasks.googleapis.com is not enabled")
        for lane in ("launches", "checks")
    ]


def test_what_may_not_be_looked_at_is_said_with_the_permission_it_needs(patient: Patient):
    patient.double.fail("*", forbidden())
    results = patient.examine()
    assert {(result.check, result.level) for result in results} == {
        (check.name, Level.OK if check.name == "graphs.lock" else Level.UNKNOWN) for check in CHECKS
    }
    found = {check: (text, mend) for check, _, text, mend in patient.complaints()}
    assert found["launches"] == (
        "cannot look at queues/orchestrator-prod-launches: it needs the permission cloudtasks.queues.get: "
        "403 The caller does not have permission",
        "gcloud projects add-iam-policy-binding demo-1 --member=user:YOU --role=roles/viewer",
    )


def test_policies_that_may_not_be_read_hide_grants_and_nothing_else(patient: Patient):
    patient.double.fail("*", forbidden(), "getIamPolicy")
    found = patient.complaints()
    assert {check for check, *_ in found} == {check.name for check in CHECKS if check.group == "accounts"}
    assert ("scheduler", "unknown") in {(check, level) for check, level, *_ in found}
    buckets = ("demo-templates", "demo-1-orchestrator-prod-jobs", "demo-1-orchestrator-prod-source")
    review = "--member=user:YOU --role=roles/iam.securityReviewer"
    assert {mend for *_, mend in found} == {
        f"gcloud projects add-iam-policy-binding demo-1 {review}",
        *(f"gcloud storage buckets add-iam-policy-binding gs://{bucket} {review}" for bucket in buckets),
    }


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_does_not_answer_is_unknown_and_not_broken(patient: Patient, status: int):
    patient.double.fail("*", RefusedError(status, "UNAVAILABLE", "The service is currently unavailable."))
    found = patient.complaints()
    assert {level for _, level, *_ in found} == {"unknown"}
    assert found[0][2:] == (
        f"cannot look at projects/demo-1: {status} The service is currently unavailable.",
        "ask again in a minute",
    )


@pytest.mark.parametrize(
    ("status", "said", "mend"),
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
def test_why_something_cannot_be_looked_at_decides_the_mend(patient: Patient, status: int, said: str, mend: str):
    patient.double.fail(f"{L}/queues/{QUEUE}", RefusedError(status, "X", said), "get")
    ((check, level, text, mended),) = patient.complaints()
    assert (check, level, mended) == ("checks", "unknown", mend)
    assert text.endswith(f"{status} {said}")


def test_credentials_that_are_not_taken_are_said_so(patient: Patient):
    patient.double.fail(f"{L}/queues/{QUEUE}", RefusedError(401, "UNAUTHENTICATED", "Invalid credentials"), "get")
    assert patient.complaints() == [
        (
            "checks",
            "unknown",
            f"cannot look at queues/{QUEUE}: Anonymous credentials cannot be refreshed.",
            "gcloud auth application-default login",
        )
    ]


def test_each_thing_is_asked_for_once(patient: Patient):
    patient.double.calls.clear()
    patient.examine()
    assert patient.double.calls == {
        "artifactregistry.projects.locations.repositories.get": 1,
        "artifactregistry.projects.locations.repositories.getIamPolicy": 1,
        "cloudfunctions.projects.locations.functions.get": 4,
        "cloudresourcemanager.projects.get": 1,
        "cloudresourcemanager.projects.getIamPolicy": 1,
        "cloudscheduler.projects.locations.jobs.get": 3,
        "cloudtasks.projects.locations.queues.get": 2,
        "cloudtasks.projects.locations.queues.getIamPolicy": 2,
        "dataflow.projects.jobs.aggregated": 1,
        "eventarc.projects.locations.triggers.list": 1,
        "firestore.projects.databases.collectionGroups.fields.get": 3,
        "firestore.projects.databases.get": 1,
        "iam.projects.serviceAccounts.get": 8,
        "iam.projects.serviceAccounts.getIamPolicy": 2,
        "logging.projects.sinks.get": 1,
        "pubsub.projects.subscriptions.get": 2,
        "pubsub.projects.subscriptions.getIamPolicy": 1,
        "pubsub.projects.topics.get": 2,
        "pubsub.projects.topics.getIamPolicy": 2,
        "run.projects.locations.services.get": 2,
        "run.projects.locations.services.getIamPolicy": 4,
        "serviceusage.services.batchGet": 1,
        "storage.buckets.get": 2,
        "storage.buckets.getIamPolicy": 3,
        "storage.objects.get": 2,
    }


def test_a_deployment_of_another_name_is_another(patient: Patient):
    other = replace(D, environment="dev")
    levels = {result.check: result.level for result in examine(World(patient.apis, other, patient.here))}
    assert levels["on_task"] is levels["launches"] is levels["tasks"] is Level.FAIL
    assert levels["APIs"] is Level.OK
