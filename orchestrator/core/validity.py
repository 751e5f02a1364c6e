"""Whether a task fits the plan of its run. A task that does not fit can never be performed. Pure."""

from typing import assert_never

from orchestrator.core.control import MAX_FORGIVEN
from orchestrator.core.messages import (
    Announce,
    Check,
    Deadline,
    EffectOfRun,
    Finish,
    Launch,
    Limit,
    Notify,
    Pass,
    Release,
    Skip,
)
from orchestrator.core.plan import Plan, Role
from orchestrator.core.retries import MAX_INTERRUPTIONS, MAX_NO_QUOTA
from orchestrator.core.steps import OnFailure

_STEP, _GATE = frozenset({Role.STEP}), frozenset({Role.GATE, Role.QUIET})


def misfit(plan: Plan, effect: EffectOfRun) -> str | None:
    """Why ``effect`` can never be performed in a run with this plan; None if it can.

    Steps can be launched, checked and skipped, gates can be passed. What only the *state* forbids is not reported here:
    such a task is late or a duplicate, and ``evolve`` refuses it.
    """
    match effect:
        case Launch(node=node) if node >= len(plan.steps) and node == plan.end:  # the run begins, if there is a place
            return None
        case (
            Launch(node=node, attempt=attempt)
            | Check(node=node, attempt=attempt)
            | Announce(node=node, attempt=attempt)
        ):
            return _not_at(plan, node, _STEP) or _beyond(plan, node, attempt)
        case Skip(node=node) | Release(node=node):
            return _not_at(plan, node, _STEP)
        case Limit(node=node):
            return None if node in plan.limited and node < len(plan.steps) else f"node {node} waits without a limit"
        case Pass(node=node):
            return _not_at(plan, node, _GATE)
        case Finish(after=node) | Notify(step=node):
            return _not_at(plan, node, _STEP) if node >= 0 else None
        case Deadline():
            return None if plan.deadlines else "it has no deadline"
        case _:
            assert_never(effect)


def _not_at(plan: Plan, node: int, roles: frozenset[Role]) -> str | None:
    if node not in range(len(plan.nodes)):
        return f"there is no node {node}"
    role = plan.nodes[node].role
    return None if role in roles else f"node {node}: expected a {min(roles)}, its role is {role}"


def _beyond(plan: Plan, node: int, attempt: int) -> str | None:
    step = plan.steps[node]
    free = MAX_INTERRUPTIONS + MAX_NO_QUOTA + (MAX_FORGIVEN if step.on_failure is OnFailure.HOLD else 0)
    most = step.retry.attempts + free
    return None if attempt <= most else f"node {node} makes at most {most} attempts, and no attempt {attempt}"
