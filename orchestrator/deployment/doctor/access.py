"""Looking at a thing, which may not be allowed, or answered: that is a finding too, with its own fix."""

from collections.abc import Callable, Iterable
from typing import ParamSpec

from orchestrator.client.credentials import LOGIN
from orchestrator.client.google_apis import AskError
from orchestrator.deployment.doctor.findings import Finding, Level
from orchestrator.deployment.doctor.fixes import APPLY

P = ParamSpec("P")


def looked(project: str, look: Callable[P, Iterable[Finding]], *args: P.args, **kwargs: P.kwargs) -> list[Finding]:
    """What ``look`` finds, each thing once; where it may not look, or gets no answer, that is the last finding."""
    found = []
    try:
        for finding in look(*args, **kwargs):
            found.append(finding)  # noqa: PERF402 - what was found before an error stays found
    except AskError as error:
        found.append(unseen(project, error))
    return list(dict.fromkeys(found))


def unseen(project: str, error: AskError) -> Finding:
    """That something could not be looked at, and how it can be. ``project``: where, if its name does not say."""
    if error.name.startswith("projects/"):
        project = error.name.split("/")[1]
    if error.disabled:
        api = f"{error.call.api}.googleapis.com"
        return _unseen(error, f"{api} is not enabled", f"gcloud services enable {api} --project={project}")
    match error.status:
        case 401:
            return _unseen(error, error.said, LOGIN)
        case 403:
            return _unseen(
                error, f"it needs the permission {error.call.permission}: {error.said}", _allow(project, error)
            )
        case 404:
            return _unseen(error, f"there is none: {error.said}", APPLY)
        case 400:
            return _unseen(error, error.said, "please report it")
        case _:
            return _unseen(error, error.said, "ask again in a minute")


def _unseen(error: AskError, why: str, fix: str) -> Finding:
    policy = "the policy of " if error.call.method.endswith("getIamPolicy") else ""
    return Finding(Level.UNKNOWN, f"cannot look at {policy}{short(error.name)}: {why}", fix)


def _allow(project: str, error: AskError) -> str:
    """The line that lets the caller look. A person's calls count for the project, which is a permission of its own."""
    role, where = error.call.role, f"projects add-iam-policy-binding {project}"
    if "serviceusage.services.use" in error.said:
        role = "roles/serviceusage.serviceUsageConsumer"
    elif error.name.startswith("gs://"):
        where = f"storage buckets add-iam-policy-binding gs://{error.name.split('/')[2]}"
    return f"gcloud {where} --member=user:YOU --role={role}"


def short(name: str) -> str:
    """A resource's name as far as a person needs it: ``queues/orchestrator-prod-checks``."""
    return name if name.startswith("gs://") else "/".join(name.split("/")[-2:])
