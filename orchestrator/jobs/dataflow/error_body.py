"""Reads the body of a Google error response: its message, its reasons, and its violations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from googleapiclient.errors import HttpError

#: Google's reasons that mean "not now": those of the older format of errors, and those of google.rpc.ErrorInfo.
_PASSING = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
    | {"RATE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"}
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The text of an error of Google's. ``details``: a phrase for each violation. ``reasons``: its codes."""

    message: str
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    passes: bool = False

    def sentence(self, status: int) -> str:
        """The message, each violation, and the reasons that say more."""
        told = f"{status} {self.message}"
        if self.details:
            told = f"{told.rstrip('.')}: {'; '.join(self.details)}"
        reasons = [reason for reason in self.reasons if reason in _PASSING or reason.isupper()]
        return f"{told} ({', '.join(reasons)})" if reasons else told


def read_error(error: HttpError) -> ErrorBody:
    """What the service said. Its details have the types of google.rpc.error_details, and templates have one more."""
    try:
        body = json.loads(error.content)["error"]
        message = str(body["message"])
    except (ValueError, KeyError, TypeError):
        return ErrorBody(str(error.reason))
    details = [*_mappings(body, "details")]
    reasons = dict.fromkeys(str(one["reason"]) for one in (*_mappings(body, "errors"), *details) if one.get("reason"))
    violations = [
        (one, kind)
        for detail in details
        for kind in _VIOLATIONS
        for one in _mappings(detail, kind)
        if any(one.values())
    ]
    quota = any(str(detail.get("@type", "")).endswith("google.rpc.QuotaFailure") for detail in details)
    passes = quota or body.get("status") == "RESOURCE_EXHAUSTED" or not _PASSING.isdisjoint(reasons)
    return ErrorBody(message, tuple(reasons), tuple(_violation(*one) for one in violations), passes)


#: Where errors keep their violations: InvalidTemplateParameters, BadRequest, and PreconditionFailure or QuotaFailure.
#: The fields of a violation that say where it is.
_VIOLATIONS = {
    "parameterViolations": ("parameter",),
    "fieldViolations": ("field",),
    "violations": ("type", "subject"),
}


def _violation(violation: Mapping[str, Any], kind: str) -> str:
    where = " ".join(str(violation[name]) for name in _VIOLATIONS[kind] if violation.get(name))
    return f"{where or '?'}: {violation.get('description', '')}"


def _mappings(body: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The mappings in ``value``, if that is a list."""
    found = body.get(name) if isinstance(body, Mapping) else None
    yield from (one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else ()
