"""Which steps people hold, and whether a run waits for nothing else. Pure."""

from collections.abc import Iterable, Iterator

from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.core.orders import Hold
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Verdict, verdict
from orchestrator.reporting.phrases import listed
from orchestrator.reporting.times import clock
from orchestrator.reporting.upstream import States, join_of
from orchestrator.system.terminal import one_line

#: How many of the steps that are held are named.
_NAMED = 4


def hold_of(state: StepState) -> Hold | None:
    """What keeps a step from beginning; None for one that is not held, or was cancelled meanwhile."""
    return state.orders.hold if state.orders is not None and state.stop is None else None


def held_by(hold: Hold) -> str:
    """``by ann at 12:03:04 until 18:00:00: wrong input``."""
    by = f"by {hold.by} " if hold.by else ""
    until = f" until {clock(hold.until, '%Y-%m-%d %H:%M:%S')}" if hold.until is not None else ""
    return f"{by}at {clock(hold.at)}{until}" + (f": {one_line(hold.why)}" if hold.why else "")


def held_nodes(plan: Plan, states: States) -> list[int]:
    """The steps that are held and have not ended."""
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
    """The steps for whose release a run waits, if it waits for nothing else; else none."""
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
    """Whether all that a step waits for has ended, or its rule waits for no more."""
    join = join_of(plan, states, node)
    return not join.pending or verdict(plan.steps[node].trigger, join) is Verdict.RUN


def all_held(plan: Plan, states: States, waits: Iterable[int], run: str, flag: str) -> str:
    """That a run waits for the steps ``waits`` to be released, and for nothing else; and how to go on."""
    held = named(plan, states, waits)
    ways = f"'orchestrator release {run}{flag}' goes on with it, 'orchestrator cancel {run}{flag}' ends it"
    return f"all that is left is held: {held}; {ways}"
