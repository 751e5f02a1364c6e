"""The grants of a deployment in the terms of orchestrator/deployment/grants.py: who, which role, on what."""

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.deployment import FUNCTIONS, GRANTS, ROLES, Deployment
from orchestrator.ports import QUEUES
from tests.terraform.imaginary import Deployed

Granted = tuple[str, str, str]


#: The names of Terraform's resources that grant something to the members in variables.
PEOPLE = {"starter": "starters", "operator": "operators", "viewer": "viewers"}


def granted(told: Deployment, deployed: Deployed) -> set[Granted]:
    """Every IAM member that Terraform created. Resources that are not ours are given by their full names."""
    found = deployed.resources.items()
    members = [(address, v, on) for address, v in found if (on := _on(told, deployed, address, v)) is not None]
    return {(_who(told, v["member"], address), v["role"], on) for address, v, on in members}


def _on(told: Deployment, deployed: Deployed, address: str, v: Mapping[str, Any]) -> str | None:
    """On what a resource grants something; None if it does not."""
    queues = {told.queue(queue): queue for queue in QUEUES}
    services = {told.function(target): target for target in FUNCTIONS}
    topics = {told.topic: "signals", told.dead_letters: "dead-letters"}
    match address.split(".", 1)[0]:
        case "google_project_iam_member":
            return _project(told, deployed, v)
        case "google_cloud_tasks_queue_iam_member":
            return f"queue:{queues.get(v['name'], v['name'])}"
        case "google_cloud_run_v2_service_iam_member":
            return f"function:{services.get(v['name'], v['name'])}"
        case "google_service_account_iam_member":
            return f"account:{_who(told, v['service_account_id'].rpartition('/')[2], address)}"
        case "google_pubsub_topic_iam_member":
            topic = v["topic"].rpartition("/")[2]
            return f"topic:{topics.get(topic, 'receivers')}"
        case "google_pubsub_subscription_iam_member":
            name = v["subscription"].rpartition("/")[2]
            return f"subscription:{topics.get(name, name)}"
        case "google_storage_bucket_iam_member":
            return f"bucket:{_bucket(told, v)}"
        case "google_artifact_registry_repository_iam_member":
            ours = v["repository"].rpartition("/")[2] == told.base
            return f"repository:{'functions' if ours else 'images'}"
        case "google_secret_manager_secret_iam_member":
            return "secret:graphs"
        case kind:
            return address if "_iam_" in kind else None


def _who(told: Deployment, member: str, address: str) -> str:
    email = member.rpartition(":")[2]
    roles = {told.account(role): role for role in ROLES}
    if email in roles:
        return roles[email]
    if email.startswith("service-"):
        return {"gcp-sa-logging": "sink", "gcp-sa-pubsub": "pubsub"}.get(email.partition("@")[2].split(".")[0], email)
    return member if member.startswith("all") else PEOPLE[address.split(".")[1].partition("[")[0]]


def _project(told: Deployment, deployed: Deployed, values: Mapping[str, Any]) -> str:
    """What a grant on the project applies to by its condition: the project, the database, or the bucket of builds."""
    conditions = [condition["expression"] for condition in values.get("condition") or ()]
    if not conditions:
        return "project"
    variables = deployed.environment("on_task")
    (number,) = re.findall(r"-(\d+)\.", variables["ORCHESTRATOR_TASK_URL"])
    own_key = bool(deployed.resources['google_cloudfunctions2_function.function["start"]']["kms_key_name"])
    names = {
        "database": f"projects/{told.project}/databases/{variables['ORCHESTRATOR_DATABASE']}",
        "builds": f"projects/_/buckets/{told.build_bucket(number, own_key)}",
    }
    held = {grant.condition(names[grant.on]): grant.on for grant in GRANTS if grant.on in names}
    return held.get(conditions[0], f"project if {conditions}")


def _bucket(told: Deployment, values: Mapping[str, Any]) -> str:
    ours = {told.source_bucket: "source", told.jobs_bucket: "jobs"}
    return ours.get(values["bucket"]) or ("templates" if "templates" in values["bucket"] else "data")
