"""The limits of maps and runs that people may set while a run goes on: which count, and what a change does. Pure.

Those of a map are kept in the state of its step, those of a run in the state of the node at the end of its plan. So
they are changed in one commit with who did it, they count for every further attempt, and they end with the run: a rerun
begins with what its graph says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.core.control import NO_CONTROL, Act, Limits
from orchestrator.core.events import LimitsSet
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import StepState, Transition
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json

#: How an act begins by which somebody has set limits.
SET = "set "

_UNSET = Limits()

#: How many items may fail if nothing is said.
_NONE = 0


def limits_set(state: StepState) -> Limits:
    """What people have set; nothing but a version of 0 if nobody has."""
    return (state.control or NO_CONTROL).limits or _UNSET


def limits_at(plan: Plan, node: int, state: StepState) -> Limits | None:
    """The limits that count at a node; None if it is neither a map nor the end of a run that has any."""
    given = limits_set(state)
    if node == plan.end:
        own = plan.max_parallel
        return None if own is None else Limits(given.version, given.max_parallel or own)
    if node >= len(plan.steps) or not kind_of(plan.steps[node].work).maps:
        return None
    most, tolerate = (plan.steps[node].work.spec.get(name) for name in ("max_parallel", "tolerate"))
    return Limits(
        given.version,
        given.max_parallel or (most if isinstance(most, int) else None),
        (tolerate if isinstance(tolerate, int | str) else _NONE) if given.tolerate is None else given.tolerate,
    )


def limited(plan: Plan, node: int, state: StepState, event: LimitsSet) -> Transition | None:
    """What setting limits changes; None if they are so already, or cannot be set any more."""
    before, control = limits_at(plan, node, state), state.control or NO_CONTROL
    if before is None or state.status.final or state.stop is not None:
        return None
    if event.max_parallel is not None and is_unlimited(before, state):
        return None
    given = limits_set(state)
    limits = Limits(
        given.version + 1,
        event.max_parallel or given.max_parallel,
        given.tolerate if event.tolerate is None else event.tolerate,
    )
    after = limits_at(plan, node, replace(state, control=replace(control, limits=limits)))
    if after is None or not (changed := list(changes(before, after))):
        return None
    noted = control.noted(Act(f"{SET}{' and '.join(changed)}", event.at, event.by, event.why))
    return Transition(replace(state, control=replace(noted, limits=limits)))


def with_limits(spec: Mapping[str, Json], limits: Limits) -> Mapping[str, Json]:
    """The spec of a map with the limits that were set."""
    given = {"max_parallel": limits.max_parallel, "tolerate": limits.tolerate}
    return {**spec, **{name: value for name, value in given.items() if value is not None}}


def is_unlimited(limits: Limits, state: StepState) -> bool:
    """Whether a map is at work without a limit: its items have no places, so nobody could count them."""
    return limits.max_parallel is None and state.status.active


def changes(before: Limits, after: Limits) -> Iterator[str]:
    """``max_parallel=50 (before: 20)``, for each that differs."""
    for name in ("max_parallel", "tolerate"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name}={new}" + ("" if old is None else f" (before: {old})")
