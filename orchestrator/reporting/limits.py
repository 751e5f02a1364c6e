"""Limits of maps and runs that somebody has set: which count now, and who set them. Pure."""

from typing import Any

from orchestrator.core.control import Act, Limits
from orchestrator.core.limits import SET, limits_at, limits_set
from orchestrator.core.model import StepState
from orchestrator.core.plan import Plan
from orchestrator.reporting.times import clock, iso
from orchestrator.system.terminal import one_line


def limits_note(plan: Plan, node: int, state: StepState) -> str:
    """``max_parallel=50 tolerate=3``, if somebody has set limits of what has not ended; else empty."""
    limits = _set(plan, node, state)
    return "" if limits is None or state.status.final else " ".join(told(limits))


def limits_said(plan: Plan, node: int, state: StepState) -> str:
    """``it has max_parallel=50 and tolerate=3, last changed by ann at 12:03:04: more quota``; empty as above."""
    limits, act = _set(plan, node, state), _newest(state)
    if limits is None or act is None:
        return ""
    by = f" by {act.by}" if act.by else ""
    why = f": {one_line(act.why)}" if act.why else ""
    return f"it has {' and '.join(told(limits))}, last changed{by} at {clock(act.at)}{why}"


def limits_data(plan: Plan, node: int, state: StepState) -> dict[str, Any]:
    """The same for programs, under the key ``limits``; empty if nobody has set any."""
    limits, act = _set(plan, node, state), _newest(state)
    if limits is None or act is None:
        return {}
    given = {"max_parallel": limits.max_parallel, "tolerate": limits.tolerate}
    return {"limits": {**given, "by": act.by, "why": act.why, "at": iso(act.at)}}


def _set(plan: Plan, node: int, state: StepState) -> Limits | None:
    """The limits that count, if any was set."""
    return limits_at(plan, node, state) if limits_set(state).version else None


def told(limits: Limits) -> list[str]:
    """``max_parallel=50`` and ``tolerate=3``, as far as there is any."""
    given = {"max_parallel": limits.max_parallel, "tolerate": limits.tolerate}
    return [f"{name}={value}" for name, value in given.items() if value is not None]


def _newest(state: StepState) -> Act | None:
    """Who set limits last; None if that was so long ago that it is forgotten."""
    acts = state.control.acts if state.control is not None else ()
    return next((act for act in reversed(acts) if act.what.startswith(SET)), None)
