"""Whether an IAM policy gives a member a role: directly, or through a broader role. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: They include nearly every permission; a service account should have neither.
BASIC = ("roles/owner", "roles/editor")

#: The conditions that name one resource, or a prefix of resource names.
_NAMED = re.compile(r'resource\.name(?: == "([^"]+)"|\.startsWith\("([^"]+)"\))')

_EVERYBODY = ("allUsers", "allAuthenticatedUsers")

#: Role -> roles that contain it ("IAM basic and predefined roles reference", 2026). Not every admin role does:
#: roles/iam.serviceAccountAdmin may not act as an account, roles/dataflow.admin lacks a worker's permissions.
_BROADER: Mapping[str, Sequence[str]] = {
    "roles/artifactregistry.reader": (
        "roles/artifactregistry.writer",
        "roles/artifactregistry.repoAdmin",
        "roles/artifactregistry.admin",
    ),
    "roles/artifactregistry.writer": (
        "roles/artifactregistry.repoAdmin",
        "roles/artifactregistry.admin",
        "roles/cloudbuild.builds.builder",
    ),
    "roles/cloudtasks.enqueuer": ("roles/cloudtasks.admin",),
    "roles/dataflow.developer": ("roles/dataflow.admin",),
    "roles/datastore.user": ("roles/datastore.owner",),
    "roles/eventarc.eventReceiver": ("roles/eventarc.admin",),
    "roles/logging.logWriter": ("roles/logging.admin", "roles/cloudbuild.builds.builder"),
    "roles/pubsub.publisher": ("roles/pubsub.editor", "roles/pubsub.admin"),
    "roles/pubsub.subscriber": ("roles/pubsub.editor", "roles/pubsub.admin"),
    "roles/run.invoker": ("roles/run.admin",),
    "roles/secretmanager.secretAccessor": ("roles/secretmanager.admin",),
    "roles/storage.legacyBucketReader": (
        "roles/storage.legacyBucketWriter",
        "roles/storage.legacyBucketOwner",
        "roles/storage.admin",
    ),
    "roles/storage.objectUser": ("roles/storage.objectAdmin", "roles/storage.admin"),
    "roles/storage.objectViewer": (
        "roles/storage.objectUser",
        "roles/storage.objectAdmin",
        "roles/storage.admin",
        "roles/cloudbuild.builds.builder",
    ),
}


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """``doubts``: what may include the role, without it being certain: custom roles, and conditional grants."""

    yes: bool
    doubts: tuple[str, ...] = ()


def role_held(policy: Mapping[str, Any], member: str, role: str, only: str = "") -> RoleHeld:
    """Whether ``policy`` gives ``role`` to ``member``. ``only``: the resource that a condition may restrict it to."""
    enough = {role, *_BROADER.get(role, ()), *BASIC}
    doubts = []
    for has, condition in _of(policy, (member, *_EVERYBODY)):
        if has in enough:
            if not condition or (only and _names(condition.get("expression", ""), only)):
                return RoleHeld(True)
            if not (only and _elsewhere(condition.get("expression", ""), only)):
                doubts.append(f"{has} on the condition {condition.get('expression', '')}")
        elif not has.startswith("roles/"):
            doubts.append(f"the custom role {has}")
    return RoleHeld(False, tuple(doubts))


def basic_roles(policy: Mapping[str, Any], member: str) -> list[str]:
    """The basic roles granted to ``member`` directly."""
    return [role for role, _ in _of(policy, (member,)) if role in BASIC]


def public_members(policy: Mapping[str, Any], role: str) -> list[str]:
    """Which of allUsers and allAuthenticatedUsers have ``role``."""
    return [member for member in _EVERYBODY if any(has == role for has, _ in _of(policy, (member,)))]


def _of(policy: Mapping[str, Any], members: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each role that is granted to one of ``members``, with its condition."""
    for binding in policy.get("bindings", ()):
        if any(member in binding.get("members", ()) for member in members):
            yield binding["role"], binding.get("condition") or {}


def _names(expression: str, resource: str) -> bool:
    """Whether an expression names that resource itself, not one whose name merely begins with it."""
    return re.search(rf"{re.escape(resource)}(?![A-Za-z0-9-])", expression) is not None


def _elsewhere(expression: str, resource: str) -> bool:
    """Whether an expression only names resources other than that one."""
    found = [_NAMED.fullmatch(part) for part in expression.split(" || ")]
    names = [match[1] or match[2] for match in found if match]
    near = any(name.startswith(resource) or resource.startswith(name) for name in names)
    return len(names) == len(found) and not near
