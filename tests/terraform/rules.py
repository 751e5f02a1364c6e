"""Rules that hold for every deployment, whatever its variables. A rule yields a message for each violation.

The tests apply each rule to each example. ``deletions.py`` applies all rules to a Terraform that lacks one thing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cloud.endings import ENDINGS
from orchestrator.cloud.settings import DEPLOYED_VARIABLES, SettingsError, read_cloud_settings
from orchestrator.core.names import job_name_pattern
from orchestrator.deployment import FUNCTIONS, GRANTS, ROLES, Deployment
from orchestrator.engine.duplicate_jobs import LIST_LAG
from orchestrator.engine.ledger import Ledger
from orchestrator.ports import QUEUES
from tests.terraform.imaginary import Deployed

INVENTORY = Path(__file__).parent / "inventory"

#: The examples of terraform/examples with the names of what they deploy; "scheduled" is the minimal one with graphs.
EXAMPLES = {
    "minimal": Deployment("your-project", "europe-west4"),
    "dev": Deployment("your-project", "europe-west4", environment="dev"),
    "prod": Deployment("your-project", "europe-west4"),
    "eventarc": Deployment("your-project", "europe-west4", "etl", "events"),
    "existing-database": Deployment("your-project", "europe-west4", environment="shared"),
    "private": Deployment("your-project", "europe-west4", environment="private"),
    "scheduled": Deployment("your-project", "europe-west4"),
}

#: The same as parameters of tests. The quick tests deploy three of them.
EACH = [
    name if name in ("minimal", "prod", "scheduled") else pytest.param(name, marks=pytest.mark.slow)
    for name in EXAMPLES
]

#: Seconds: how far a clock may be off, how long a call may take, how late a job may be listed (docs/design.md).
SKEW, CALL, LAG = Ledger.clock_skew, 60.0, LIST_LAG

#: Resources that cost nothing by themselves: they are free, or only their use or their contents cost money.
UNPRICED = {
    "google_artifact_registry_repository",
    "google_artifact_registry_repository_iam_member",
    "google_cloud_run_v2_service_iam_member",
    "google_cloud_tasks_queue",
    "google_cloud_tasks_queue_iam_member",
    "google_cloudfunctions2_function",
    "google_eventarc_trigger",
    "google_firestore_database",
    "google_firestore_field",
    "google_logging_metric",
    "google_logging_project_bucket_config",
    "google_logging_project_sink",
    "google_monitoring_dashboard",
    "google_monitoring_notification_channel",
    "google_project_iam_member",
    "google_project_service",
    "google_pubsub_subscription",
    "google_pubsub_subscription_iam_member",
    "google_pubsub_topic",
    "google_pubsub_topic_iam_member",
    "google_service_account",
    "google_service_account_iam_member",
    "google_storage_bucket",
    "google_storage_bucket_iam_member",
    "google_storage_bucket_object",
    "terraform_data",
    "time_sleep",
}

#: The others, in USD a month for each (for each condition of an alert policy): Google's price lists, 2026.
PRICES = {"google_cloud_scheduler_job": 0.10, "google_monitoring_alert_policy": 1.50}


def inventory(name: str, deployed: Deployed) -> Iterator[str]:
    """There are exactly the resources of the list in inventory/."""
    wanted = set((INVENTORY / f"{name}.txt").read_text().split("\n")) - {""}
    yield from (f"{address} is missing" for address in sorted(wanted - deployed.resources.keys()))
    yield from (f"{address} is not in {name}.txt" for address in sorted(deployed.resources.keys() - wanted))


def names(name: str, deployed: Deployed) -> Iterator[str]:
    """Everything the code names exists under the name that the code computes."""
    told = EXAMPLES[name]
    logs = [told.topic] if deployed.of("google_pubsub_topic") else []
    dead = [told.dead_letters] if logs else []
    wanted = {
        ("google_cloudfunctions2_function", "name"): {told.function(target) for target in FUNCTIONS},
        ("google_cloud_tasks_queue", "name"): {told.queue(queue) for queue in QUEUES},
        ("google_service_account", "email"): {told.account(role) for role in ROLES},
        ("google_pubsub_topic", "name"): {*logs, *dead},
        ("google_pubsub_subscription", "name"): {*logs, *dead},
        ("google_storage_bucket", "name"): {told.source_bucket, told.jobs_bucket},
        ("google_firestore_database", "name"): {told.database} if deployed.of("google_firestore_database") else set(),
    }
    for (kind, key), expected in wanted.items():
        found = {values[key] for values in deployed.of(kind).values()}
        if found != expected:
            yield f"{kind}: expected {sorted(expected)}, got {sorted(found)}"
    sinks = {values["name"] for values in deployed.of("google_logging_project_sink").values()}
    if not set(logs) <= sinks:
        yield f"google_logging_project_sink: expected {logs}, got {sorted(sinks)}"


def grants(name: str, deployed: Deployed) -> Iterator[str]:
    """There are exactly the grants of orchestrator/deployment/grants.py."""
    from tests.terraform.granted import granted

    found = granted(EXAMPLES[name], deployed)
    kinds = {on.partition(":")[0] for _, _, on in found} | {who for who, _, _ in found}
    given = {
        "logs": bool(deployed.of("google_pubsub_topic")),
        "eventarc": bool(deployed.of("google_eventarc_trigger")),
        **{variable: variable in kinds for variable in ("starters", "operators", "viewers")},
        "templates": any(on == "bucket:templates" for _, _, on in found),
        "readers": ("worker", "roles/storage.objectViewer", "bucket:data") in found,
        "writers": ("worker", "roles/storage.objectUser", "bucket:data") in found,
        "secrets": any(on == "secret:graphs" for _, _, on in found),
        "notify": any(on == "topic:receivers" for _, _, on in found),
        "images": any(on == "repository:images" for _, _, on in found),
    }
    wanted = {(row.who, row.role, row.on) for row in GRANTS if given.get(row.only, True)}
    yield from (f"{who} has no {role} on {on}" for who, role, on in sorted(wanted - found))
    yield from (f"{who} has {role} on {on}, which no row allows" for who, role, on in sorted(found - wanted))


def environment(name: str, deployed: Deployed) -> Iterator[str]:
    """The functions get exactly the variables that they read, with valid values that name existing resources."""
    told = EXAMPLES[name]
    queues = {values["name"] for values in deployed.of("google_cloud_tasks_queue").values()}
    accounts = {values["email"] for values in deployed.of("google_service_account").values()}
    for target in FUNCTIONS:
        given = deployed.environment(target)
        yield from (f"{target}: {variable} is not set" for variable in sorted(set(DEPLOYED_VARIABLES) - given.keys()))
        yield from (f"{target}: {variable} is not read" for variable in sorted(given.keys() - set(DEPLOYED_VARIABLES)))
        try:
            settings = read_cloud_settings(given)
        except SettingsError as error:
            yield f"{target}: {error}"
            continue
        said = [settings.launches, settings.checks, settings.signals, settings.notices]
        if set(said) != queues or said != [told.queue(queue) for queue in QUEUES]:
            yield f"{target}: it is given the queues {', '.join(said)}"
        if settings.job_options.get("service_account") not in accounts:
            yield f"{target}: its account for jobs does not exist"
        theirs = {"caller": settings.task_account, "checker": settings.signals_account}
        yield from (f"{target}: {role} is {said}" for role, said in theirs.items() if said != told.account(role))
        if settings.scheduler_account != told.account("scheduler"):
            yield f"{target}: it takes {settings.scheduler_account} for the schedules' account"
        if not settings.task_url.startswith(f"https://{told.function('on_task')}-"):
            yield f"{target}: tasks go to {settings.task_url}"
        if (settings.project, settings.region, settings.job_prefix) != (told.project, told.region, told.base):
            yield f"{target}: it is given {settings.project}, {settings.region}, {settings.job_prefix}"
        if settings.launch_margin < 2 * SKEW + CALL + LAG:
            yield f"{target}: a launch may be under way for longer than the margin of {settings.launch_margin} s"
        if settings.launch_lease < _size(deployed, "on_task")["timeout_seconds"] + settings.launch_margin:
            yield f"{target}: the lease of {settings.launch_lease} s may run out while a launch is still under way"


def functions(name: str, deployed: Deployed) -> Iterator[str]:
    """Each entry point exists, runs as its account, scales to zero, and not beyond 100 instances."""
    told = EXAMPLES[name]
    for target, role in FUNCTIONS.items():
        found = deployed.resources.get(f'google_cloudfunctions2_function.function["{target}"]')
        if found is None:
            yield f"there is no function {target}"
            continue
        size, build = found["service_config"][0], found["build_config"][0]
        is_so = {
            "entry_point": (build["entry_point"], target),
            "account": (size["service_account_email"], told.account(role)),
            "builder": (build["service_account"].rpartition("/")[2], told.account("builder")),
            "min_instance_count": (size["min_instance_count"], 0),
            "ingress": (size["ingress_settings"], _ingress(name, target)),
        }
        yield from (f"{target}: {what}: expected {b}, got {a}" for what, (a, b) in is_so.items() if a != b)
        if not 1 <= size["max_instance_count"] <= 100:
            yield f"{target}: max_instance_count is {size['max_instance_count']}"


def _ingress(name: str, target: str) -> str:
    """What people call is public, except in the example without public addresses."""
    called = ("start", "console", "console_view")
    return "ALLOW_ALL" if target in called and name != "private" else "ALLOW_INTERNAL_ONLY"


def signals(name: str, deployed: Deployed) -> Iterator[str]:
    """Signals of a job's end arrive: the sink writes to the topic, the topic pushes, undeliverable ones are kept."""
    told = EXAMPLES[name]
    url = _size(deployed, "on_signal")["uri"]
    for address, sink in deployed.of("google_logging_project_sink").items():
        if not address.startswith("google_logging_project_sink.signals"):
            continue
        writers = {grant["member"] for grant in deployed.of("google_pubsub_topic_iam_member").values()}
        if sink["unique_writer_identity"] is not True or sink["writer_identity"] not in writers:
            yield "the sink's own identity may not publish to the topic"
        if sink["destination"] != f"pubsub.googleapis.com/projects/{told.project}/topics/{told.topic}":
            yield f"the sink writes to {sink['destination']}"
        missing = [text for text in (job_name_pattern(told.base), *ENDINGS) if text not in sink["filter"]]
        yield from (f"the sink's filter does not say {text}" for text in missing)
        push = deployed.resources['google_pubsub_subscription.signals["signals"]']
        if push["push_config"][0]["push_endpoint"] != url or not push["dead_letter_policy"]:
            yield "the subscription does not push to on_signal, or drops what it cannot deliver"
        if push["ack_deadline_seconds"] <= _size(deployed, "on_signal")["timeout_seconds"]:
            yield "a signal is delivered again while it is still being handled"
        if push["expiration_policy"][0]["ttl"]:
            yield "the subscription is deleted after a month without jobs"
    heard = {values["location"] for values in deployed.of("google_eventarc_trigger").values()}
    if heard and told.region not in heard:
        yield f"Eventarc receives only the events of {sorted(heard)}"
    if not heard and not deployed.of("google_pubsub_topic"):
        yield "nothing signals a job's end"


def queues(name: str, deployed: Deployed) -> Iterator[str]:
    """Launches are slow, on_task can take what is delivered, and tasks survive an outage of hours."""
    for address, queue in deployed.of("google_cloud_tasks_queue").items():
        retry = queue["retry_config"][0]
        waits = [min(float(retry["max_backoff"][:-1]), float(retry["min_backoff"][:-1]) * 2**n) for n in range(99)]
        if sum(waits[: retry["max_attempts"] - 1]) < 6 * 3600 or retry["max_retry_duration"] != "0s":
            yield f"{address}: a task is given up after {sum(waits[: retry['max_attempts'] - 1]):.0f} s"
    size = _size(deployed, "on_task")
    at_once = sum(
        queue["rate_limits"][0]["max_concurrent_dispatches"]
        for queue in deployed.of("google_cloud_tasks_queue").values()
    )
    if at_once > size["max_instance_count"] * size["max_instance_request_concurrency"]:
        yield f"{at_once} tasks are delivered at once, which on_task cannot take"
    slow = deployed.resources['google_cloud_tasks_queue.lane["launches"]']["rate_limits"][0]
    if slow["max_dispatches_per_second"] > 1:  # Dataflow: 60 template launches a minute
        yield "launches are not limited to Dataflow's rate"


def database(name: str, deployed: Deployed) -> Iterator[str]:
    """Old runs expire, with all their documents, and fields that no query uses have no index."""
    fields = {(f["collection"], f["field"]): f for f in deployed.of("google_firestore_field").values()}
    days = deployed.environment("on_task")["ORCHESTRATOR_RETENTION_DAYS"]
    expire = {collection for (collection, field), f in fields.items() if field == "expire_at" and f["ttl_config"]}
    if expire != {"runs", "steps", "counters"} or days == "none":
        yield f"what expires is {sorted(expire)}, after {days} days"
    for where, values in fields.items():
        if not values["index_config"] or values["index_config"][0]["indexes"]:
            yield f"{where} is indexed"


def schedules(name: str, deployed: Deployed) -> Iterator[str]:
    """Cloud Scheduler calls the sweep, and all its jobs call as the scheduler's account."""
    told = EXAMPLES[name]
    jobs = deployed.of("google_cloud_scheduler_job")
    sweeps = [job for job in jobs.values() if job["name"] == told.sweep_schedule]
    if [job["http_target"][0]["uri"] for job in sweeps] != [_size(deployed, "sweep")["uri"]]:
        yield "nothing calls the sweep"
    for job in jobs.values():
        if job["http_target"][0]["oidc_token"][0]["service_account_email"] != told.account("scheduler"):
            yield f"{job['name']} does not call as the scheduler's account"


def cost(name: str, deployed: Deployed) -> Iterator[str]:
    """The price of every kind of resource is known."""
    kinds = {address.split(".", 1)[0] for address in deployed.resources}
    yield from (
        f"{kind}: expected its price in PRICES or its name in UNPRICED"
        for kind in sorted(kinds - UNPRICED - PRICES.keys())
    )


def floor(deployed: Deployed) -> float:
    """USD a month if nothing runs, without free quotas."""
    policies = deployed.of("google_monitoring_alert_policy").values()
    conditions = sum(len(policy["conditions"]) for policy in policies)
    jobs = len(deployed.of("google_cloud_scheduler_job"))
    return round(jobs * PRICES["google_cloud_scheduler_job"] + conditions * PRICES["google_monitoring_alert_policy"], 2)


def looks(name: str, deployed: Deployed) -> Iterator[str]:
    """Every metric is on the dashboard, and every alert notifies a channel."""
    boards = [board["dashboard_json"] for board in deployed.of("google_monitoring_dashboard").values()]
    for metric in deployed.of("google_logging_metric").values():
        if not any(f"user/{metric['name']}" in board for board in boards):
            yield f"the metric {metric['name']} is not on the dashboard"
    for alert in deployed.of("google_monitoring_alert_policy").values():
        if not alert["notification_channels"]:
            yield f"{alert['display_name']} notifies no channel"


def _size(deployed: Deployed, target: str) -> Any:
    return deployed.resources[f'google_cloudfunctions2_function.function["{target}"]']["service_config"][0]


RULES = (inventory, names, environment, grants, functions, signals, queues, database, schedules, cost, looks)
