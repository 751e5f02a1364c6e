"""One thing that is broken, what doctor says of it, and what fixes it: the table of test_doctor."""

from collections.abc import Callable
from typing import Any

from tests.doctor.deployment import APPLY, ARCHIVE, TEMPLATE, L, P, Patient
from tests.doubles.google.server import forbidden

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
            "26 Dataflow jobs are running, and a run of graph 'sales' may need 4 at the same time: the quota is 25, "
            "unless it was raised",
            f"see the quota, and request a higher one, at {SEE}",
        ),
    ),
    "a region did not say how many jobs it has": (
        body(f"{P}/jobs", failedLocation=[{"name": "us-east1"}]),
        ("jobs at once", "warn", "jobs in us-east1 could not be counted", "try again in a minute"),
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
            f"it is out of date: it was built from functions-old.zip, and this folder would give {ARCHIVE}",
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
        ("start", "warn", "it keeps 1 instances running, which costs money all the time", APPLY),
    ),
    "a function was not told where a queue is": (
        told("on_task", "ORCHESTRATOR_CHECKS_QUEUE", ""),
        ("on_task", "fail", "ORCHESTRATOR_CHECKS_QUEUE: expected a value, got nothing", APPLY),
    ),
    "a function was told of another region": (
        told("sweep", "ORCHESTRATOR_REGION", "us-east1"),
        ("sweep", "fail", "ORCHESTRATOR_REGION: expected europe-west4, got us-east1", APPLY),
    ),
    "a function was told of another queue than the others": (
        told("start", "ORCHESTRATOR_CHECKS_QUEUE", "old"),
        (
            "start",
            "fail",
            f"ORCHESTRATOR_CHECKS_QUEUE: expected {QUEUE} as the other functions were told, got old",
            APPLY,
        ),
    ),
    "a function takes another account for the schedules'": (
        told("start", "ORCHESTRATOR_SCHEDULER_ACCOUNT", "eve@example.com"),
        (
            "start",
            "fail",
            "ORCHESTRATOR_SCHEDULER_ACCOUNT: expected "
            "orchestrator-prod-scheduler@demo-1.iam.gserviceaccount.com, got eve@example.com",
            APPLY,
        ),
    ),
    "a function takes anybody for the schedule": (
        lambda patient: patient.variables("start").pop("ORCHESTRATOR_SCHEDULER_ACCOUNT"),
        (
            "start",
            "fail",
            "ORCHESTRATOR_SCHEDULER_ACCOUNT: expected "
            "orchestrator-prod-scheduler@demo-1.iam.gserviceaccount.com, got nobody",
            APPLY,
        ),
    ),
    "a function was told something that means nothing": (
        told("start", "ORCHESTRATOR_QUEUE", "x"),
        ("start", "warn", "ORCHESTRATOR_QUEUE: no such variable exists", APPLY),
    ),
    "tasks go elsewhere": (
        told("on_task", "ORCHESTRATOR_TASK_URL", "https://old.run.app"),
        (
            "on_task",
            "fail",
            f"ORCHESTRATOR_TASK_URL: expected an address of orchestrator-prod-on-task ({ON_TASK} or {ON_TASK_TOO}), "
            "got https://old.run.app",
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
            "anyone may call it: allUsers has roles/run.invoker",
            "gcloud run services remove-iam-policy-binding orchestrator-prod-on-task --region=europe-west4 "
            "--project=demo-1 --member=allUsers --role=roles/run.invoker",
        ),
    ),
    "a queue is paused": (
        body(f"{L}/queues/{QUEUE}", state="PAUSED"),
        (
            "checks",
            "fail",
            "its state is PAUSED, not RUNNING: its tasks wait, and runs make no progress",
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
            "it tries a task 3 times, then the sweep must find it: expected at least 10 attempts",
            f"gcloud tasks queues update {QUEUE} --max-attempts=100 --location=europe-west4 --project=demo-1",
        ),
    ),
    "the queue of notifications gives up": (
        body(f"{L}/queues/{QUEUE.replace('checks', 'notices')}", retryConfig={"maxAttempts": 100}),
        (
            "notices",
            "warn",
            "it gives a notification up after 100 tries, and nobody looks at an ended run again",
            f"gcloud tasks queues update {QUEUE.replace('checks', 'notices')} --max-attempts=unlimited "
            "--location=europe-west4 --project=demo-1",
        ),
    ),
    "the sink is not there": (
        without(f"{P}/sinks/{SIGNALS}"),
        ("log sink", "fail", f"there is no log sink {SIGNALS}: no signal is sent when a job ends", APPLY),
    ),
    "the sink is disabled": (
        body(f"{P}/sinks/{SIGNALS}", disabled=True),
        (
            "log sink",
            "fail",
            "it is disabled: no signal is sent when a job ends",
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
            "its filter excludes this deployment's jobs: expected 'orchestrator-prod--' in "
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
        ("push", "fail", f"there is no subscription {SIGNALS}: signals are lost", APPLY),
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
        ("push", "fail", f"it pushes as no account, not as {EVENTS}, and is rejected", APPLY),
    ),
    "the subscription has no dead letters": (
        lambda patient: patient[f"{P}/subscriptions/{SIGNALS}"].pop("deadLetterPolicy"),
        ("push", "warn", f"undeliverable signals go to no topic, not to {P}/topics/{LETTERS}", APPLY),
    ),
    "the subscription goes when it is idle": (
        body(f"{P}/subscriptions/{SIGNALS}", expirationPolicy={"ttl": "2678400s"}),
        (
            "push",
            "fail",
            "it is deleted if it gets no message for 2678400s",
            f"gcloud pubsub subscriptions update {SIGNALS} --expiration-period=never --project=demo-1",
        ),
    ),
    "the dead letters are not kept": (
        without(f"{P}/subscriptions/{LETTERS}"),
        (
            "dead letters",
            "warn",
            f"there is no subscription {LETTERS}: undeliverable signals are not kept",
            APPLY,
        ),
    ),
    "the dead letters go when they are few": (
        lambda patient: patient[f"{P}/subscriptions/{LETTERS}"].pop("expirationPolicy"),
        (
            "dead letters",
            "fail",
            "it is deleted if it gets no message for 31 days",
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
            "name another database in the variable 'database', and apply: the type of a database cannot be changed",
        ),
    ),
    "old runs are never deleted": (
        without(f"{DATABASE}/collectionGroups/steps/fields/expire_at"),
        (
            "retention",
            "fail",
            "steps has no TTL policy on expire_at: old documents are never deleted",
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
        ("retention", "warn", "the TTL policy of counters is still being created", "try again in some minutes"),
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
        ("templates", "fail", "gs://demo-templates/sales/orders.json does not exist", BUILD),
    ),
    "a template may not be read": (
        lambda patient: patient.fake.fail(TEMPLATE, forbidden()),
        (
            "templates",
            "unknown",
            "cannot read gs://demo-templates/sales/orders.json: you need the permission storage.objects.get: "
            "403 The caller does not have permission",
            "gcloud storage buckets add-iam-policy-binding gs://demo-templates --member=user:YOU "
            "--role=roles/storage.objectViewer",
        ),
    ),
    "a template is no JSON": (
        content(b"\x80\x04"),
        ("templates", "fail", "gs://demo-templates/sales/orders.json is not JSON, so it is not a Flex template", BUILD),
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
            "this check failed, and may have missed something: ValueError: invalid literal for int() with base "
            "10: 'many'",
            "please report it",
        ),
    ),
    "the sweep is paused": (
        body(f"{L}/jobs/orchestrator-prod-sweep", state="PAUSED"),
        (
            "sweep",
            "fail",
            "it is paused, so it starts nothing",
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
            "sales: it is paused, so it starts nothing",
            "gcloud scheduler jobs resume orchestrator-prod-start-sales --location=europe-west4 --project=demo-1",
        ),
    ),
    "a schedule is on that should be paused": (
        body(f"{L}/jobs/orchestrator-prod-start-nightly", state="ENABLED"),
        (
            "graphs",
            "fail",
            "nightly: it is enabled, but the graph says paused",
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
            "sales: its schedule is '0 7 * * *' (Europe/Berlin), but the graph says '0 6 * * *' (Europe/Berlin)",
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
            f"{TASKS} has roles/editor: it can do nearly everything, and needs none of it",
            "gcloud projects remove-iam-policy-binding demo-1 --condition=None "
            f"--member=serviceAccount:{TASKS} --role=roles/editor",
        ),
    ),
}
