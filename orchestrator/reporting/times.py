"""Times and lengths of time as text, for people and for programs. Pure."""

import time
from datetime import UTC, datetime

from orchestrator.core.model import Status, StepState
from orchestrator.text import duration as duration


def lasted(state: StepState, now: float | None) -> str:
    """How long the newest attempt took, or has been running until ``now``; empty if neither is known."""
    end = now if state.ended_at is None else state.ended_at
    if state.started_at is None or end is None or state.status is Status.UP_FOR_RETRY:
        return ""
    return duration(end - state.started_at)


def iso(at: float | None) -> str | None:
    """A time for programs: ISO 8601, UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(at: float, form: str = "%H:%M:%S") -> str:
    """A time for people, in local time."""
    return time.strftime(form, time.localtime(at))
