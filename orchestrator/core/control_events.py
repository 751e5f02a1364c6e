"""What people request for steps: what it changes in their states, and in what is owed. Pure; a part of ``machine``."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from orchestrator.core.control import MAX_FORGIVEN, NO_CONTROL, Act
from orchestrator.core.events import HoldReleased, HoldRequested, LimitsSet, RetryRequested
from orchestrator.core.limits import limited
from orchestrator.core.messages import Effect, Launch, Release
from orchestrator.core.model import Status, StepState, Transition
from orchestrator.core.plan import Plan


def controlled(
    plan: Plan, node: int, state: StepState, event: HoldRequested | HoldReleased | RetryRequested | LimitsSet
) -> Transition | None:
    """What a hold, a release, a retry or new limits change; None if it was requested before, or comes too late."""
    match event:
        case LimitsSet():
            return limited(plan, node, state, event)
        case HoldRequested():
            return _held(state, event)
        case HoldReleased():
            return _released(state, event)
        case RetryRequested():
            return _retried(state, event)
        case never:
            assert_never(never)


def _held(state: StepState, event: HoldRequested) -> Transition | None:
    """Hold the step. The first hold counts; a step that has ended or was cancelled cannot be held."""
    control, hold = state.control or NO_CONTROL, event.hold
    if state.status.final or state.stop is not None or control.hold is not None:
        return None
    noted = control.noted(Act("held", hold.at, hold.by, hold.why))
    return Transition(replace(state, control=replace(noted, hold=hold)))


def _released(state: StepState, event: HoldReleased) -> Transition | None:
    """Release the step. A hold whose time is up ends only itself, not one that was made later."""
    control = state.control
    if control is None or control.hold is None or event.of not in (None, control.hold.at):
        return None
    noted = control.noted(Act("released", event.at, event.by, event.why))
    releases = control.releases + 1
    return Transition(replace(state, control=replace(noted, hold=None, releases=releases, released_at=event.at)))


def _retried(state: StepState, event: RetryRequested) -> Transition | None:
    """The attempts so far do not count any more, so the step has as many again as its ``retry`` allows."""
    failed = state.attempt - state.interruptions
    due = state.status is Status.NEEDS_ATTENTION and state.attempt == event.attempt
    if not due or failed > MAX_FORGIVEN:
        return None
    noted = (state.control or NO_CONTROL).noted(Act("retried", event.at, event.by, event.why))
    control = replace(noted, forgiven=failed)
    return Transition(replace(state, status=Status.UP_FOR_RETRY, due=event.at, unasked=0, control=control))


def allowed(run: str, node: int, state: StepState, effects: Iterable[Effect]) -> Iterator[Effect]:
    """What is owed at a step with ``control``, given the ``effects`` that would be owed without them.

    While the step is held, no launch of an attempt that has not begun is owed. A hold with an end owes the release.
    """
    control = state.control or NO_CONTROL
    hold, begun = control.hold, state.status not in (Status.PENDING, Status.UP_FOR_RETRY)
    if hold is not None and hold.until is not None and state.stop is None:
        yield Release(run, node, due=hold.until, of=hold.at)
    for effect in effects:
        if not isinstance(effect, Launch):
            yield effect
        elif hold is None or begun:
            yield replace(effect, releases=control.releases)
