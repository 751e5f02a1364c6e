"""Why a step began before all steps before it had ended. Pure."""

from orchestrator.core.model import Status, StepState, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import IMPATIENT, TriggerRule
from orchestrator.reporting.phrases import listed
from orchestrator.reporting.times import clock
from orchestrator.reporting.upstream import names, predecessors

_HAD = {
    Status.FAILED: "failed",
    Status.CANCELLED: "been cancelled",
    Status.UPSTREAM_FAILED: "become upstream failed",
    Status.SKIPPED: "been skipped",
    Status.SUCCEEDED: "succeeded",
}

#: How many steps are named that had ended in the same way, or had not ended.
_NAMED = 4


def begun(plan: Plan, view: View, node: int) -> list[str]:
    """``it began at 10:03:00, as its trigger at_least: 2 requires: a and b had succeeded; c had not ended``.

    Only of a step whose rule may let it begin before all steps before it have ended, and that has begun.
    """
    step, at = plan.steps[node], _began(view.state(node))
    if at is None or step.trigger not in IMPATIENT or step.trigger is TriggerRule.ALWAYS or not step.after:
        return []
    before = predecessors(plan, node)
    left = [number for number in before if (ended := view.state(number).ended_at) is None or ended > at]
    up = step.trigger is TriggerRule.ALL_DONE_WITHIN and left
    why = f"the time of its trigger {step.rule} was up" if up else f"that was enough for its trigger {step.rule}"
    if not left:
        why = "all steps before it had ended"
    return [f"it began at {clock(at)}, when {why}: {'; '.join(_stood(plan, view, before, left))}"]


def _stood(plan: Plan, view: View, before: list[int], left: list[int]) -> list[str]:
    """Who had ended by then, and how; and who had not."""
    ended = [number for number in before if number not in left]
    said = [
        f"{listed(names(plan, which), _NAMED)} had {verb}"
        for status, verb in _HAD.items()
        if (which := [number for number in ended if view.state(number).status is status])
    ]
    return [
        *([listed(said)] if said else []),
        *([f"{listed(names(plan, left), _NAMED)} had not ended"] if left else []),
    ]


def _began(state: StepState) -> float | None:
    """When its first attempt was claimed, or when it ended, if it has no job; None if that is not known."""
    first = state.past[0] if state.past else None
    if first is not None:
        return first.claimed_at if first.attempt == 1 else None
    if state.attempt:
        return state.claimed_at if state.attempt == 1 else None
    return state.ended_at if state.status is Status.SUCCEEDED and state.stop is None else None
