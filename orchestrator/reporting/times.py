"""Times and lengths of time as text, for people and for programs. Pure."""

import re
import time
from datetime import UTC, datetime

from orchestrator.core.model import Status, StepState
from orchestrator.text import duration as duration

_FORM = "%Y-%m-%d %H:%M:%S"

#: When something inside a step was cancelled, as the errors of steps that are runs have it (engine/children.py).
_CANCELLED = re.compile(r"( was cancelled (?:by .{1,200}? )?at )(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def lasted(state: StepState, now: float | None) -> str:
    """How long the newest attempt took, or has been running until ``now``; empty if neither is known."""
    end = now if state.ended_at is None else state.ended_at
    if state.started_at is None or end is None or state.status is Status.UP_FOR_RETRY:
        return ""
    return duration(end - state.started_at)


def with_clock(error: str) -> str:
    """A stored ``error`` for people: when something inside the step was cancelled, in local time as all other times."""

    def told(found: re.Match[str]) -> str:
        at = datetime.strptime(found[2], _FORM).replace(tzinfo=UTC).timestamp()
        return f"{found[1]}{clock(at, _FORM)}"

    return _CANCELLED.sub(told, error)


def iso(at: float | None) -> str | None:
    """A time for programs: ISO 8601, UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(at: float, form: str = "%H:%M:%S") -> str:
    """A time for people, in local time."""
    return time.strftime(form, time.localtime(at))
