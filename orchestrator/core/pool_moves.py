"""What a transition changes in pools, computed from the step's states before and after it alone. Pure.

A step's state says which places its attempt has and for which it waits, and the store keeps the same by pool. Both
change in one commit, so neither is ever left behind.
"""

from dataclasses import replace

from orchestrator.core.model import Status, StepState, Transition
from orchestrator.core.pools import NO_MOVES, Moves

#: The statuses in which a step may wait for a place.
WAITING = frozenset({Status.PENDING, Status.UP_FOR_RETRY})


def with_moves(before: StepState, transition: Transition | None) -> Transition | None:
    """``transition`` of a step that was ``before``, with what it changes in pools.

    Only an active attempt has places, and only a step waits that may begin an attempt.
    """
    if transition is None:
        return None
    state = _without(transition.state)
    moved = before.waits != state.waits
    moves = Moves(
        tuple(place for place in state.places if place not in before.places),
        tuple(place for place in before.places if place not in state.places),
        before.waits if moved else None,
        state.waits if moved else None,
    )
    return replace(transition, state=state, moves=moves or NO_MOVES)


def _without(state: StepState) -> StepState:
    held = state.control is not None and state.control.hold is not None
    if state.waits is not None and (state.status not in WAITING or state.stop is not None or held):
        state = replace(state, waits=None)
    return state if state.status.active or not state.places else replace(state, places=())
