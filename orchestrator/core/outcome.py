"""How and why a run ended, from the states of all its steps. Needed only if it failed or was cancelled. Pure."""

from collections.abc import Iterable

from orchestrator.core.model import Status, StepState, Stop, View
from orchestrator.core.plan import Plan

#: How many of the steps that made a run fail are written into its record.
MAX_CULPRITS = 20

_BAD = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})


def culprits(plan: Plan, view: View) -> dict[str, str]:
    """The steps that made a run fail, at most ``MAX_CULPRITS``, each with the class of its failure ("" if unknown).

    These are the deciding steps that failed or whose jobs were stopped. If there are none, they are the deciding steps
    that are upstream_failed, preceded by the steps whose failures caused that.
    """
    bad = {number for number in plan.deciders if view.state(number).status in _BAD}
    direct = sorted(number for number in bad if view.state(number).status is not Status.UPSTREAM_FAILED)
    blamed = direct or [*_causes(plan, view, bad), *sorted(bad)]
    return {plan.steps[number].name: _class(view.state(number)) for number in blamed[:MAX_CULPRITS]}


def _causes(plan: Plan, view: View, nodes: Iterable[int]) -> list[int]:
    """The earlier steps whose failure kept ``nodes`` from running."""
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
    """Whether a run ended because of ``stop``: at least one step is cancelled by it, so it did not come too late."""
    return any(state.status is Status.CANCELLED and state.stop == stop for state in states)
