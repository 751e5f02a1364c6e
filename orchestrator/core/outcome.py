"""How a run ended, told from the states of all its steps: only a run that failed or was cancelled needs that. Pure."""

from collections.abc import Iterable

from orchestrator.core.model import Status, StepState, Stop, View
from orchestrator.core.plan import Plan

#: How many of the steps that failed a run are written into its record.
MAX_CULPRITS = 20

_BAD = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})


def culprits(plan: Plan, view: View) -> dict[str, str]:
    """The steps because of which a run failed, with the class of each failure ("" if unknown); not more than a few.

    Those that decide how the run ended and failed, or whose jobs were stopped. If there are none, those that never ran
    because of a failure, after the steps that they never ran for.
    """
    bad = {number for number in plan.deciders if view.state(number).status in _BAD}
    direct = sorted(number for number in bad if view.state(number).status is not Status.UPSTREAM_FAILED)
    blamed = direct or [*_causes(plan, view, bad), *sorted(bad)]
    return {plan.steps[number].name: _class(view.state(number)) for number in blamed[:MAX_CULPRITS]}


def _causes(plan: Plan, view: View, nodes: Iterable[int]) -> list[int]:
    """The steps that failed before ``nodes``, for which these never ran."""
    found: set[int] = set()
    todo = list(nodes)
    while todo:
        before = {plan.numbers[name] for name in plan.steps[todo.pop()].after}
        new = {number for number in before - found if view.state(number).status in _BAD}
        found |= new
        todo += (number for number in new if view.state(number).status is Status.UPSTREAM_FAILED)
    return sorted(number for number in found if view.state(number).status is not Status.UPSTREAM_FAILED)


def _class(state: StepState) -> str:
    return "upstream_failed" if state.status is Status.UPSTREAM_FAILED else state.cause or ""


def was_cancelled(states: Iterable[StepState], stop: Stop) -> bool:
    """Whether ``stop`` is why a run ended as it did: it kept a step from its own end, and did not come too late."""
    return any(state.status is Status.CANCELLED and state.stop == stop for state in states)
