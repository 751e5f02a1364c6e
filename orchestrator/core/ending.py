"""How a run ended, told from the states of all its steps: only a run that failed or was cancelled needs that. Pure."""

from collections.abc import Iterable

from orchestrator.core.model import Status, StepState, Stop, View
from orchestrator.core.plan import Plan

#: How many of the steps that failed a run are written into its record.
MOST_CULPRITS = 20


def culprits(plan: Plan, view: View) -> dict[str, str]:
    """The steps because of which a run failed, with the class of each failure ("" if unknown); not more than a few.

    Those that failed, or whose jobs were stopped; what may fail is among them only if nothing else is to blame.
    """
    bad = [
        (step, view.state(number).cause or "")
        for number, step in enumerate(plan.steps)
        if view.state(number).status in (Status.FAILED, Status.CANCELLED)
    ]
    blamed = [(step, cause) for step, cause in bad if step.counts] or bad
    return {step.name: cause for step, cause in blamed[:MOST_CULPRITS]}


def was_cancelled(states: Iterable[StepState], stop: Stop) -> bool:
    """Whether ``stop`` is why a run ended as it did: it kept a step from its own end, and did not come too late."""
    return any(state.status is Status.CANCELLED and state.stop == stop for state in states)
