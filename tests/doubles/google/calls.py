"""The calls that the fake of Google's APIs answers, and how each answer is read from the bodies it was given."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.fakes.rest import RefusedError

#: So few, that whoever reads a list must know how to turn pages.
_PAGE = 10

#: Job states that jobs.aggregated does not count as active.
_OVER = {f"JOB_STATE_{state}" for state in ("DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINED", "STOPPED")}


class _Bodies(Protocol):
    """google.Bodies, which this file is imported by."""

    resources: dict[str, dict[str, Any]]
    policies: dict[str, dict[str, Any]]
    contents: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """A request: the resource that its path names, its query and its body."""

    bodies: _Bodies
    name: str
    query: Mapping[str, list[str]]
    body: Mapping[str, Any]

    def first(self, key: str) -> str:
        return self.query.get(key, [""])[0]


Answered = Callable[[Said], Mapping[str, Any] | bytes]


def resource(where: Mapping[str, str]) -> str:
    """The relative name of what a path names: most have it in one piece."""
    match where:
        case {"bucket": bucket, "object": name}:
            return f"projects/_/buckets/{bucket}/objects/{name}"
        case {"bucket": bucket}:
            return f"projects/_/buckets/{bucket}"
        case {"projectId": project}:
            return f"projects/{project}"
        case {"resource": name} if "/" not in name:
            return f"projects/{name}"
    (name,) = where.values()
    return name


def _get(said: Said) -> Mapping[str, Any]:
    found = said.bodies.resources.get(said.name)
    if found is None:
        raise RefusedError(404, "NOT_FOUND", f"Resource '{said.name}' was not found", "notFound")
    return found


def _policy(said: Said) -> Mapping[str, Any]:
    """The policy. Who does not ask for version 3 gets grants on a condition under names that mean nothing."""
    _get(said)
    policy = said.bodies.policies.get(said.name, {"etag": "ACAB"})
    asked = said.body.get("options", {}).get("requestedPolicyVersion")
    asked = asked or said.first("options.requestedPolicyVersion") or said.first("optionsRequestedPolicyVersion")
    if str(asked) == "3":
        return policy
    return {**policy, "version": 1, "bindings": [_flat(binding) for binding in policy.get("bindings", ())]}


def _flat(binding: Mapping[str, Any]) -> Mapping[str, Any]:
    if "condition" not in binding:
        return binding
    digest = hashlib.sha256(binding["condition"]["expression"].encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _object(said: Said) -> Mapping[str, Any] | bytes:
    found = _get(said)
    return said.bodies.contents[said.name] if said.first("alt") == "media" else found


def _services(said: Said) -> Mapping[str, Any]:
    """Those that were asked for; what is not there is off. The answer names the project by its number."""
    project = said.bodies.resources[said.name]
    found = []
    for name in said.query.get("names", []):
        body = said.bodies.resources.get(name, {"state": "DISABLED"})
        parent = f"projects/{project['projectNumber']}"
        found.append({**body, "name": f"{parent}/services/{name.split('/')[-1]}", "parent": parent})
    return {"services": found}


def _triggers(said: Said) -> Mapping[str, Any]:
    place = re.escape(said.name).removesuffix(r"/\-")
    pattern = re.compile(rf"{place}{'/[^/]+' if said.name.endswith('/-') else ''}/triggers/[^/]+")
    found = [body for name, body in sorted(said.bodies.resources.items()) if pattern.fullmatch(name)]
    return _page(said, "triggers", found)


def _jobs(said: Said) -> Mapping[str, Any]:
    """A project's Dataflow jobs, those that have ended only if they are asked for."""
    body = said.bodies.resources.get(f"{said.name}/jobs", {})
    jobs = [job for job in body.get("jobs", ()) if said.first("filter") != "ACTIVE" or job["currentState"] not in _OVER]
    return {**{key: value for key, value in body.items() if key != "jobs"}, **_page(said, "jobs", jobs)}


def _page(said: Said, key: str, found: list[Any]) -> Mapping[str, Any]:
    """One page; an empty answer has no list at all, as the real one."""
    start = int(said.first("pageToken") or 0)
    page: dict[str, Any] = {key: found[start : start + _PAGE]} if found[start:] else {}
    if start + _PAGE < len(found):
        page["nextPageToken"] = str(start + _PAGE)
    return page


_PLACE = "projects.locations"

#: API -> its version and its calls.
SERVED: Mapping[str, tuple[str, Mapping[str, Answered]]] = {
    "artifactregistry": (
        "v1",
        {f"{_PLACE}.repositories.get": _get, f"{_PLACE}.repositories.getIamPolicy": _policy},
    ),
    "cloudfunctions": ("v2", {f"{_PLACE}.functions.get": _get}),
    "cloudresourcemanager": ("v1", {"projects.get": _get, "projects.getIamPolicy": _policy}),
    "cloudscheduler": ("v1", {f"{_PLACE}.jobs.get": _get}),
    "cloudtasks": ("v2", {f"{_PLACE}.queues.get": _get, f"{_PLACE}.queues.getIamPolicy": _policy}),
    "dataflow": ("v1b3", {"projects.jobs.aggregated": _jobs}),
    "eventarc": ("v1", {f"{_PLACE}.triggers.list": _triggers}),
    "firestore": ("v1", {"projects.databases.get": _get, "projects.databases.collectionGroups.fields.get": _get}),
    "iam": ("v1", {"projects.serviceAccounts.get": _get, "projects.serviceAccounts.getIamPolicy": _policy}),
    "logging": ("v2", {"projects.sinks.get": _get}),
    "pubsub": (
        "v1",
        {
            f"projects.{kind}.{verb}": answer
            for kind in ("topics", "subscriptions")
            for verb, answer in (("get", _get), ("getIamPolicy", _policy))
        },
    ),
    "run": ("v2", {f"{_PLACE}.services.get": _get, f"{_PLACE}.services.getIamPolicy": _policy}),
    "secretmanager": ("v1", {"projects.secrets.get": _get, "projects.secrets.getIamPolicy": _policy}),
    "serviceusage": ("v1", {"services.batchGet": _services}),
    "storage": ("v1", {"buckets.get": _get, "buckets.getIamPolicy": _policy, "objects.get": _object}),
}
