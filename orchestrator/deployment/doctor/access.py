"""Runs a check whose calls may be forbidden or unanswered: that is a finding too, with its own fix."""

from collections.abc import Callable, Iterable
from typing import ParamSpec

from orchestrator.client.credentials import LOGIN
from orchestrator.client.google_apis import AskError
from orchestrator.deployment.doctor.findings import Finding, Level
from orchestrator.deployment.doctor.fixes import APPLY

P = ParamSpec("P")


def checked(project: str, check: Callable[P, Iterable[Finding]], *args: P.args, **kwargs: P.kwargs) -> list[Finding]:
    """What ``check`` finds, each finding once. If it may not read something, or gets no answer, that comes last."""
    found = []
    try:
        for finding in check(*args, **kwargs):
            found.append(finding)  # noqa: PERF402 - what was found before an error stays found
    except AskError as error:
        found.append(inaccessible(project, error))
    return list(dict.fromkeys(found))


def inaccessible(project: str, error: AskError) -> Finding:
    """That something could not be checked at, and how it can be. ``project``: where, if its name does not say."""
    if error.name.startswith("projects/"):
        project = error.name.split("/")[1]
    if error.disabled:
        api = f"{error.call.api}.googleapis.com"
        return _inaccessible(error, f"{api} is not enabled", f"gcloud services enable {api} --project={project}")
    match error.status:
        case 401:
            return _inaccessible(error, error.said, LOGIN)
        case 403:
            return _inaccessible(
                error, f"you need the permission {error.call.permission}: {error.said}", _allow(project, error)
            )
        case 404:
            return _inaccessible(error, f"it does not exist: {error.said}", APPLY)
        case 400:
            return _inaccessible(error, error.said, "please report it")
        case _:
            return _inaccessible(error, error.said, "try again in a minute")


def _inaccessible(error: AskError, why: str, fix: str) -> Finding:
    policy = "the policy of " if error.call.method.endswith("getIamPolicy") else ""
    return Finding(Level.UNKNOWN, f"cannot read {policy}{short(error.name)}: {why}", fix)


def _allow(project: str, error: AskError) -> str:
    """The command that grants the permission. A person's calls are billed to the project: a permission of its own."""
    role, where = error.call.role, f"projects add-iam-policy-binding {project}"
    if "serviceusage.services.use" in error.said:
        role = "roles/serviceusage.serviceUsageConsumer"
    elif error.name.startswith("gs://"):
        where = f"storage buckets add-iam-policy-binding gs://{error.name.split('/')[2]}"
    return f"gcloud {where} --member=user:YOU --role={role}"


def short(name: str) -> str:
    """The last two parts of a resource's name: ``queues/orchestrator-prod-checks``."""
    return name if name.startswith("gs://") else "/".join(name.split("/")[-2:])
