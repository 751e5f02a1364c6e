"""Which steps are held, and whether a run waits only for their release. Pure."""

from collections.abc import Iterable, Iterator

from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.core.orders import Hold
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Verdict, verdict
from orchestrator.reporting.phrases import listed
from orchestrator.reporting.times import clock
from orchestrator.reporting.upstream import States, join_of
from orchestrator.system.terminal import one_line

#: How many held steps are named.
_NAMED = 4


def hold_of(state: StepState) -> Hold | None:
    """The hold that keeps a step from beginning; None if it is not held, or was cancelled meanwhile."""
    return state.orders.hold if state.orders is not None and state.stop is None else None


def held_by(hold: Hold) -> str:
    """``by ann at 12:03:04 until 18:00:00: wrong input``."""
    by = f"by {hold.by} " if hold.by else ""
    until = f" until {clock(hold.until, '%Y-%m-%d %H:%M:%S')}" if hold.until is not None else ""
    return f"{by}at {clock(hold.at)}{until}" + (f": {one_line(hold.why)}" if hold.why else "")


def held_nodes(plan: Plan, states: States) -> list[int]:
    """The held steps."""
    return [node for node in range(len(plan.steps)) if hold_of(states.get(node, PENDING)) is not None]


def named(plan: Plan, states: States, nodes: Iterable[int]) -> str:
    """``a (by ann at 12:03:04: wrong input) and b (…)``."""

    def each() -> Iterator[str]:
        for node in nodes:
            hold = hold_of(states.get(node, PENDING))
            assert hold is not None
            yield f"{plan.steps[node].name} ({held_by(hold)})"

    return listed(each(), _NAMED)


def standstill(plan: Plan, states: States) -> list[int]:
    """The held steps that a run is waiting for, if it is waiting for nothing else; otherwise none."""
    ready = []
    for node in range(len(plan.steps)):
        state = states.get(node, PENDING)
        hold = hold_of(state)
        if state.status.active or (state.status is Status.UP_FOR_RETRY and hold is None):
            return []
        if state.status is Status.UP_FOR_RETRY:
            ready.append(node)
        elif state.status is Status.PENDING and _may_begin(plan, states, node):
            if hold is None:
                return []
            ready.append(node)
    return ready


def _may_begin(plan: Plan, states: States, node: int) -> bool:
    """Whether all predecessors of a step have ended, or its rule no longer waits for the others."""
    join = join_of(plan, states, node)
    return not join.pending or verdict(plan.steps[node].trigger, join) is Verdict.RUN


def all_held(plan: Plan, states: States, waits: Iterable[int], run: str, flag: str) -> str:
    """A message that a run waits only for the release of the steps ``waits``, with the possible commands."""
    held = named(plan, states, waits)
    ways = f"'orchestrator release {run}{flag}' goes on with it, 'orchestrator cancel {run}{flag}' ends it"
    return f"all that is left is held: {held}; {ways}"
