"""What is said of the deadlines of a run and of its steps. Pure."""

from math import inf
from typing import Any

from orchestrator.core.deadlines import due_of
from orchestrator.core.model import Run, StepState
from orchestrator.core.plan import Plan
from orchestrator.reporting.times import clock, duration, iso

#: What is said of a run or a step whose deadline has passed.
LATE = "late"

_FORM = "%Y-%m-%d %H:%M:%S"


def deadline_said(run: Run, plan: Plan, state: StepState, node: int, now: float | None) -> str:
    """A sentence about the deadline of ``node``, a step or the end of the run; empty if it has none.

    ``now``: None if no process drives the run.
    """
    due, ended = due_of(run, plan, node), _ended(run, plan, state, node)
    if due == inf:
        return ""
    at = clock(due, _FORM) + (f" ({written})" if isinstance(written := plan.deadlines[node], str) else "")
    if ended is not None:
        late = ended > due
        return f"it ended {duration(abs(ended - due))} {'after' if late else 'before'} its deadline, {at}"
    if now is not None and now >= due:
        return f"it is late: its deadline, {at}, passed {duration(now - due)} ago"
    if state.missed_at is not None:
        return f"it is late: its deadline was {at}"
    if state.endangered_at is not None and state.forecast is not None:
        expected = f"{clock(state.forecast, _FORM)}, {duration(state.forecast - due)} after its deadline, {at}"
        return f"it was expected, at {clock(state.endangered_at, _FORM)}, to end at {expected}"
    return f"its deadline is {at}" + (f", in {duration(due - now)}" if now is not None else "")


def deadline_note(state: StepState) -> str:
    """The same in a word or two, for a table; empty unless there is something to worry about."""
    if state.missed_at is not None:
        return LATE
    return "expected to be late" if state.endangered_at is not None and not state.status.final else ""


def deadline_data(run: Run, plan: Plan, state: StepState, node: int) -> dict[str, Any]:
    """The key ``deadline`` for programs, if the node has one; what is not known, or has not happened, is null.

    ``at``: the deadline. ``late``: whether it has passed, and the step or run had not ended. ``expected_late_at``: when
    it was first expected to be late, namely to end at ``forecast``.
    """
    if (due := due_of(run, plan, node)) == inf:
        return {}
    about = {"at": iso(due), "late": state.missed_at is not None}
    return {"deadline": {**about, "expected_late_at": iso(state.endangered_at), "forecast": iso(state.forecast)}}


def _ended(run: Run, plan: Plan, state: StepState, node: int) -> float | None:
    if node == plan.end:
        return run.ended_at
    return state.ended_at if state.status.final else None
