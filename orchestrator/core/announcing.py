"""What a run owes its receivers about its steps, and what shows that an occasion has happened. Pure.

A failed step owes the announcement of its failure until its state says that this was made. A run owes its end to
receivers before it ends: nobody looks at an ended run again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.core.messages import Announce
from orchestrator.core.model import MARKED, Run, Status, StepState, View
from orchestrator.core.occasions import Occasion, receivers_of
from orchestrator.core.plan import Plan, Role

_OCCASIONS = {Status.FAILED: Occasion.STEP_FAILED, Status.NEEDS_ATTENTION: Occasion.NEEDS_ATTENTION}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt of a step: when it ended and why, as its state or its past says."""

    at: float
    error: str | None
    cause: str | None


def unannounced(state: StepState) -> Occasion | None:
    """The occasion that the state of a step is and that was not announced. What a person marked is none."""
    if state.cause == MARKED or state.attempt <= state.announced:
        return None
    return _OCCASIONS.get(state.status)


def announcements(run: Run, plan: Plan, view: View, nodes: Iterable[int]) -> Iterator[Announce]:
    """The announcements that are owed at ``nodes`` in the state that ``view`` shows."""
    for node in nodes:
        if node in view.unreadable or plan.nodes[node].role is not Role.STEP:
            continue
        occasion = unannounced(state := view.state(node))
        if occasion is not None and receivers_of(run.notify, occasion):
            yield Announce(run.key, node, state.attempt)


def happened(state: StepState, occasion: str, attempt: int) -> Failure | None:
    """The failure of ``attempt`` if it was, or is to be, announced on this occasion; None if nothing shows that."""
    if 0 < state.attempt == attempt and (state.announced == attempt or unannounced(state) == occasion):
        return Failure(state.ended_at or 0.0, state.error, state.cause)
    if not 0 < attempt <= state.announced:
        return None
    known = (Failure(past.ended_at or 0.0, past.error, past.cause) for past in state.past if past.attempt == attempt)
    return next(known, Failure(state.past[0].ended_at or 0.0, None, None) if state.past else None)
