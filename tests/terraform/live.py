"""What Google's APIs would answer about what Terraform created: an applied state as bodies for doctor's fake."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.deployment import Deployment
from tests.doubles.google.server import Bodies
from tests.terraform.imaginary import Deployed

Values = Mapping[str, Any]
Named = tuple[str, dict[str, Any]]


def bodies(told: Deployment, deployed: Deployed, number: str) -> Bodies:
    """The bodies of all resources and grants. ``number``: the project's."""
    project = f"projects/{told.project}"
    found = Bodies({project: {"projectId": told.project, "projectNumber": number, "lifecycleState": "ACTIVE"}})
    found.resources[f"{project}/jobs"] = {"jobs": []}
    for address, values in deployed.resources.items():
        kind = address.split(".", 1)[0]
        if kind in _BODIES:
            found.resources.update(_BODIES[kind](told, values, number))
            if content := values.get("content"):
                found.contents[f"projects/_/buckets/{values['bucket']}/objects/{values['name']}"] = content.encode()
        elif "_iam_" in kind:
            condition = (values.get("condition") or [None])[0]
            kept = {name: condition[name] for name in ("title", "expression")} if condition else None
            found.grant(_granted_on(project, kind, values), values["role"], values["member"], kept)
    return found


def _granted_on(project: str, kind: str, values: Values) -> str:
    """The full name of the resource whose policy has the grant."""
    location = f"{project}/locations/{values.get('location')}"
    match kind.removeprefix("google_").removesuffix("_iam_member"):
        case "project":
            return project
        case "cloud_tasks_queue":
            return f"{location}/queues/{values['name'].rpartition('/')[2]}"
        case "cloud_run_v2_service":
            return f"{location}/services/{values['name'].rpartition('/')[2]}"
        case "service_account":
            return str(values["service_account_id"])
        case "pubsub_topic":
            return f"{project}/topics/{values['topic'].rpartition('/')[2]}"
        case "pubsub_subscription":
            return f"{project}/subscriptions/{values['subscription'].rpartition('/')[2]}"
        case "storage_bucket":
            return f"projects/_/buckets/{values['bucket'].removeprefix('b/')}"
        case "secret_manager_secret":
            return str(values["secret_id"])
        case "artifact_registry_repository":
            return f"{location}/repositories/{values['repository'].rpartition('/')[2]}"
    raise ValueError(f"{kind}: expected a kind whose resource is known here")


def _service(told: Deployment, v: Values, _: str) -> Iterator[Named]:
    yield f"projects/{told.project}/services/{v['service']}", {"state": "ENABLED"}


def _account(told: Deployment, v: Values, _: str) -> Iterator[Named]:
    yield v["name"], {"name": v["name"], "email": v["email"], "projectId": told.project}


def _function(told: Deployment, v: Values, number: str) -> Iterator[Named]:
    build, size = v["build_config"][0], v["service_config"][0]
    source = build["source"][0]["storage_source"][0]
    service = v["id"].replace("/functions/", "/services/")
    yield (
        v["id"],
        {
            "name": v["id"],
            "environment": "GEN_2",
            "state": "ACTIVE",
            **({"kmsKeyName": v["kms_key_name"]} if v["kms_key_name"] else {}),
            "buildConfig": {
                "runtime": build["runtime"],
                "entryPoint": build["entry_point"],
                "serviceAccount": build["service_account"],
                "dockerRepository": build["docker_repository"],
                "source": {"storageSource": {"bucket": source["bucket"], "object": source["object"]}},
            },
            "serviceConfig": {
                "service": service,
                "uri": size["uri"],
                "serviceAccountEmail": size["service_account_email"],
                "minInstanceCount": size["min_instance_count"],
                "maxInstanceCount": size["max_instance_count"],
                "environmentVariables": dict(size["environment_variables"]),
            },
        },
    )
    known = f"https://{v['name']}-{number}.{v['location']}.run.app"
    yield service, {"name": service, "uri": size["uri"], "urls": [known, size["uri"]]}


def _queue(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    retry = {"maxAttempts": v["retry_config"][0]["max_attempts"], "maxBackoff": v["retry_config"][0]["max_backoff"]}
    yield v["id"], {"name": v["id"], "state": "RUNNING", "retryConfig": retry}


def _sink(told: Deployment, v: Values, _: str) -> Iterator[Named]:
    body = {"name": v["name"], "destination": v["destination"], "filter": v["filter"]}
    yield f"projects/{told.project}/sinks/{v['name']}", {**body, "writerIdentity": v["writer_identity"]}


def _topic(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    yield v["id"], {"name": v["id"]}


def _subscription(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    body: dict[str, Any] = {"name": v["id"], "topic": v["topic"], "expirationPolicy": {}}
    for push in v["push_config"] or ():
        token = push["oidc_token"][0]
        who = {"serviceAccountEmail": token["service_account_email"], "audience": token["audience"]}
        body["pushConfig"] = {"pushEndpoint": push["push_endpoint"], "oidcToken": who}
    for dead in v["dead_letter_policy"] or ():
        tries = dead["max_delivery_attempts"]
        body["deadLetterPolicy"] = {"deadLetterTopic": dead["dead_letter_topic"], "maxDeliveryAttempts": tries}
    yield v["id"], body


def _trigger(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    run = v["destination"][0]["cloud_run_service"][0]
    filters = [{"attribute": one["attribute"], "value": one["value"]} for one in v["matching_criteria"]]
    body = {"name": v["id"], "eventFilters": filters, "serviceAccount": v["service_account"]}
    yield v["id"], {**body, "destination": {"cloudRun": {"service": run["service"], "region": run["region"]}}}


def _database(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    yield v["id"], {"name": v["id"], "type": v["type"], "locationId": v["location_id"]}


def _field(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    body: dict[str, Any] = {"name": v["id"], "indexConfig": {}}
    yield v["id"], {**body, "ttlConfig": {"state": "ACTIVE"}} if v["ttl_config"] else body


def _bucket(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    yield f"projects/_/buckets/{v['name']}", {"name": v["name"], "location": v["location"].upper()}


def _repository(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    yield v["id"], {"name": v["id"], "format": v["format"]}


def _schedule(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    target = v["http_target"][0]
    token = {"serviceAccountEmail": target["oidc_token"][0]["service_account_email"]}
    body = {"name": v["id"], "schedule": v["schedule"], "timeZone": v["time_zone"]}
    called = {"uri": target["uri"], "httpMethod": target["http_method"], "oidcToken": token}
    yield v["id"], {**body, "state": "PAUSED" if v["paused"] else "ENABLED", "httpTarget": called}


def _object(_: Deployment, v: Values, __: str) -> Iterator[Named]:
    yield f"projects/_/buckets/{v['bucket']}/objects/{v['name']}", {"bucket": v["bucket"], "name": v["name"]}


_BODIES = {
    "google_artifact_registry_repository": _repository,
    "google_cloud_scheduler_job": _schedule,
    "google_cloud_tasks_queue": _queue,
    "google_cloudfunctions2_function": _function,
    "google_eventarc_trigger": _trigger,
    "google_firestore_database": _database,
    "google_firestore_field": _field,
    "google_logging_project_sink": _sink,
    "google_project_service": _service,
    "google_pubsub_subscription": _subscription,
    "google_pubsub_topic": _topic,
    "google_service_account": _account,
    "google_storage_bucket": _bucket,
    "google_storage_bucket_object": _object,
}
