"""Every call that ``doctor`` makes: its method, the permission it needs, and a role that has it. All of them only read.

The permissions are those of the methods' reference pages. roles/viewer and roles/iam.securityReviewer have all of them
but those of buckets and objects. A test compares each call with the discovery documents.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.client.google_apis import Call

_PLACE = "projects.locations"
_BUCKETS, _OBJECTS = "roles/storage.bucketViewer", "roles/storage.objectViewer"

PROJECT = Call("cloudresourcemanager", "v1", "projects.get", "projectId", "resourcemanager.projects.get", narrow=True)
SERVICES = Call("serviceusage", "v1", "services.batchGet", "parent", "serviceusage.services.get", narrow=True)
FUNCTION = Call("cloudfunctions", "v2", f"{_PLACE}.functions.get", "name", "cloudfunctions.functions.get")
SERVICE = Call("run", "v2", f"{_PLACE}.services.get", "name", "run.services.get")
QUEUE = Call("cloudtasks", "v2", f"{_PLACE}.queues.get", "name", "cloudtasks.queues.get")
SINK = Call("logging", "v2", "projects.sinks.get", "sinkName", "logging.sinks.get", narrow=True)
TOPIC = Call("pubsub", "v1", "projects.topics.get", "topic", "pubsub.topics.get")
SUBSCRIPTION = Call("pubsub", "v1", "projects.subscriptions.get", "subscription", "pubsub.subscriptions.get")
TRIGGERS = Call("eventarc", "v1", f"{_PLACE}.triggers.list", "parent", "eventarc.triggers.list")
DATABASE = Call("firestore", "v1", "projects.databases.get", "name", "datastore.databases.getMetadata")
FIELD = Call("firestore", "v1", "projects.databases.collectionGroups.fields.get", "name", "datastore.indexes.get")
ACCOUNT = Call("iam", "v1", "projects.serviceAccounts.get", "name", "iam.serviceAccounts.get")
SCHEDULE = Call("cloudscheduler", "v1", f"{_PLACE}.jobs.get", "name", "cloudscheduler.jobs.get")
SECRET = Call("secretmanager", "v1", "projects.secrets.get", "name", "secretmanager.secrets.get")
REPOSITORY = Call(
    "artifactregistry", "v1", f"{_PLACE}.repositories.get", "name", "artifactregistry.repositories.get", narrow=True
)
BUCKET = Call("storage", "v1", "buckets.get", "bucket", "storage.buckets.get", _BUCKETS, narrow=True)
OBJECT = Call("storage", "v1", "objects.get", "object", "storage.objects.get", _OBJECTS, narrow=True)
JOBS = Call(
    "dataflow", "v1b3", "projects.jobs.aggregated", "projectId", "dataflow.jobs.list", more={"filter": "ACTIVE"}
)


def _policy(of: Call, said: Mapping[str, Any] | None, name: str = "resource", narrow: bool = False) -> Call:
    """The call that gets the IAM policy of what ``of`` gets. ``said``: the policy version to request."""
    asked = f"{of.permission.removesuffix('.get')}.getIamPolicy"
    method = f"{of.method.removesuffix('.get')}.getIamPolicy"
    return replace(
        of, method=method, name=name, permission=asked, role="roles/iam.securityReviewer", narrow=narrow, more=said
    )


#: In older versions a conditional grant appears under another role's name.
_VERSION = {"options_requestedPolicyVersion": 3}

#: Kind in deployment.grants -> the call that gets the policy.
POLICIES = {
    "project": _policy(PROJECT, {"body": {"options": {"requestedPolicyVersion": 3}}}, narrow=True),
    "queue": _policy(QUEUE, None),
    "function": _policy(SERVICE, _VERSION),
    "account": _policy(ACCOUNT, _VERSION),
    "topic": _policy(TOPIC, _VERSION),
    "subscription": _policy(SUBSCRIPTION, _VERSION),
    "bucket": _policy(BUCKET, {"optionsRequestedPolicyVersion": 3}, name="bucket"),
    "secret": _policy(SECRET, _VERSION),
    "repository": _policy(REPOSITORY, _VERSION, narrow=True),
}
