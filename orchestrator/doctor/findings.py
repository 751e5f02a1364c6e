"""What a check finds: how bad it is, what it is, and what mends it. Data only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec

from orchestrator.apis import AskError
from orchestrator.apis.credentials import LOGIN
from orchestrator.doctor.mends import APPLY

P = ParamSpec("P")


class Level(StrEnum):
    """From the best to the worst. ``UNKNOWN``: it could not be looked at."""

    OK = "ok"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"


#: Those that keep a deployment from being called well.
UNWELL = (Level.UNKNOWN, Level.FAIL)

_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``mend``: a command, or what to do; empty if there is nothing to mend."""

    level: Level
    text: str
    mend: str = ""


Found = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found."""

    group: str
    check: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), key=_RANK.__getitem__, default=Level.OK)


def note(text: str) -> Finding:
    """Something that is as it should be, and worth a word."""
    return Finding(Level.OK, text)


def warn(text: str, mend: str = "") -> Finding:
    return Finding(Level.WARN, text, mend)


def fail(text: str, mend: str) -> Finding:
    return Finding(Level.FAIL, text, mend)


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
    """That something could not be looked at, and how it can be."""
    if error.disabled:
        api = f"{error.call.api}.googleapis.com"
        return _unseen(error, f"{api} is not enabled", f"gcloud services enable {api} --project={project}")
    match error.status:
        case 401:
            return _unseen(error, error.said, LOGIN)
        case 403:
            where = f"projects add-iam-policy-binding {project}"
            if error.name.startswith("gs://"):
                where = f"storage buckets add-iam-policy-binding gs://{error.name.split('/')[2]}"
            mend = f"gcloud {where} --member=user:YOU --role={error.call.role}"
            return _unseen(error, f"it needs the permission {error.call.permission}: {error.said}", mend)
        case 404:
            return _unseen(error, f"there is none: {error.said}", APPLY)
        case _:
            return _unseen(error, error.said, "ask again in a minute")


def _unseen(error: AskError, why: str, mend: str) -> Finding:
    policy = "the policy of " if error.call.method.endswith("getIamPolicy") else ""
    return Finding(Level.UNKNOWN, f"cannot look at {policy}{short(error.name)}: {why}", mend)


def short(name: str) -> str:
    """A resource's name as far as a person needs it: ``queues/orchestrator-prod-checks``."""
    return name if name.startswith("gs://") else "/".join(name.split("/")[-2:])
