"""Does what people ask of runs. Who asks is the account in the token that the platform has checked."""

import time
from collections.abc import Mapping
from typing import Any

from orchestrator.console.checking import moment
from orchestrator.console.exchange import Call
from orchestrator.console.finding import found_of
from orchestrator.core.model import Status
from orchestrator.errors import UsageError
from orchestrator.operations.control.arguments import AHEAD, is_too_far
from orchestrator.operations.control.perform import act
from orchestrator.operations.control.retry_and_mark import fit_outputs
from orchestrator.operations.requests import (
    Asked,
    CancelAsked,
    HoldAsked,
    MarkAsked,
    Person,
    ReleaseAsked,
    RetryAsked,
    SetAsked,
)

Answer = tuple[int, Mapping[str, Any]]


class BadTimeError(UsageError):
    """A time in the right form that has passed, or is too far ahead."""

    http_status = 409


class NothingToSetError(UsageError):
    """A request to set limits that names none."""

    http_status = 409


def hold(call: Call) -> Answer:
    asked = call.body
    until, now = moment("until", asked.until), time.time()
    if until is not None and (until <= now or is_too_far(until, now)):
        raise BadTimeError(f"until: expected a time in the future, {AHEAD}, got {asked.until}")
    return _done(call, HoldAsked(asked.why, asked.steps, until, asked.if_match))


def release(call: Call) -> Answer:
    return _done(call, ReleaseAsked(call.body.why, call.body.steps, call.body.if_match))


def cancel(call: Call) -> Answer:
    return _done(call, CancelAsked(call.body.why, call.body.steps, call.body.if_match))


def retry(call: Call) -> Answer:
    asked = call.body
    return _done(call, RetryAsked(call.path["step"], asked.why, asked.attempt, asked.if_match))


def mark(call: Call) -> Answer:
    asked = call.body.root
    status = Status(asked.status)
    outputs = fit_outputs(getattr(asked, "outputs", None), status, "outputs")
    if _huge(outputs):
        raise UsageError("outputs: a number has more than 64 bits: give it as text")
    return _done(call, MarkAsked(call.path["step"], status, asked.why, outputs, asked.if_match))


def set_limits(call: Call) -> Answer:
    asked = call.body
    if asked.max_parallel is None and asked.tolerate is None:
        raise NothingToSetError("expected max_parallel or tolerate, or both")
    return _done(call, SetAsked(asked.step, asked.max_parallel, asked.tolerate, asked.why, asked.if_match))


def _huge(value: object) -> bool:
    """Whether there is a number in ``value`` that the description of the console excludes."""
    match value:
        case bool():
            return False
        case int() | float():
            return abs(value) >= 2**63
        case dict():
            return any(map(_huge, value.values()))
        case list():
            return any(map(_huge, value))
        case _:
            return False


def _done(call: Call, asked: Asked) -> Answer:
    """What was done: 200 with the sentences; 409 if anything was refused."""
    person = Person(call.who, time.time())
    found = found_of(call)
    done = act(asked, found, person, call.deployed.engine)
    if done.refused:
        return 409, {"errors": list(done.refused), "said": list(done.said)}
    return 200, {"run": found.run.id, "said": list(done.said), "changed": done.changed}
