"""Which steps are held or need attention, and whether a run waits only for people. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.core.control import Hold
from orchestrator.core.model import PENDING, RunStatus, Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Verdict, verdict
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import counted, listed
from orchestrator.reporting.times import clock
from orchestrator.reporting.upstream import States, join_of
from orchestrator.system.terminal import one_line

#: How many held steps are named.
_NAMED = 4


def hold_of(state: StepState) -> Hold | None:
    """The hold that keeps a step from beginning; None if it is not held, or was cancelled meanwhile."""
    return state.control.hold if state.control is not None and state.stop is None else None


def held_by(hold: Hold) -> str:
    """``by ann at 12:03:04 until 2026-11-29 18:00:00 CET: wrong input``."""
    by = f"by {hold.by} " if hold.by else ""
    until = f" until {clock(hold.until, '%Y-%m-%d %H:%M:%S %Z')}" if hold.until is not None else ""
    return f"{by}at {clock(hold.at)}{until}" + (f": {one_line(hold.why)}" if hold.why else "")


def held_nodes(plan: Plan, states: States) -> list[int]:
    """The held steps."""
    return [node for node in range(len(plan.steps)) if hold_of(states.get(node, PENDING)) is not None]


def half_held(plan: Plan, states: States, run: str, flag: str) -> str:
    """A sentence if one hold is on several steps, and others that may still begin are not held; else empty.

    It may have been meant for the whole run, and its command have died halfway.
    """
    waiting = [node for node in range(len(plan.steps)) if _may_be_held(states.get(node, PENDING))]
    holds = Counter(hold for node in waiting if (hold := hold_of(states.get(node, PENDING))) is not None)
    held = holds.total()
    if held == len(waiting) or max(holds.values(), default=0) < 2:
        return ""
    more = f"'orchestrator hold {run}{flag} --why …' holds the others too"
    return f"{held:,} of the {counted(len(waiting), 'step')} that may still begin are held; {more}"


def _may_be_held(state: StepState) -> bool:
    return state.stop is None and state.status in (Status.PENDING, Status.UP_FOR_RETRY)


def named(plan: Plan, states: States, nodes: Iterable[int]) -> str:
    """``a is held by ann at 12:03:04: wrong input, and b needs attention``."""

    def each() -> Iterator[str]:
        for node in nodes:
            hold = hold_of(states.get(node, PENDING))
            said = "needs attention" if hold is None else f"is held {held_by(hold)}"
            yield f"{plan.steps[node].name} {said}"

    return listed(each(), _NAMED)


def standstill(plan: Plan, states: States) -> list[int]:
    """The steps for which a run is waiting until people act, if it is waiting for nothing else; otherwise none."""
    ready = []
    for node in range(len(plan.steps)):
        state = states.get(node, PENDING)
        hold = hold_of(state)
        if state.status.active or (state.status is Status.UP_FOR_RETRY and hold is None):
            return []
        if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):
            ready.append(node)
        elif state.status is Status.PENDING and _may_begin(plan, states, node):
            if hold is None:
                return []
            ready.append(node)
    return ready


def _may_begin(plan: Plan, states: States, node: int) -> bool:
    """Whether all predecessors of a step have ended, or its rule does not wait for the others, or not much longer."""
    if states.get(node, PENDING).due is not None:
        return True
    join = join_of(plan, states, node)
    return not join.pending or verdict(plan.steps[node].trigger, join) is Verdict.RUN


def all_held(plan: Plan, states: States, waits: Sequence[int], run: str, flag: str, *, stopped: bool = False) -> str:
    """A message that a run waits only until people act on the steps ``waits``, with the possible commands.

    ``stopped``: the run was cancelled, and these are its teardowns, so to cancel it again ends nothing.
    """
    ways = []
    if any(hold_of(states.get(node, PENDING)) is not None for node in waits):
        ways.append(f"'orchestrator release {run}{flag}' continues it")
    if attention := [plan.steps[node].name for node in waits if needs_attention(states.get(node, PENDING))]:
        step = attention[0] if len(attention) == 1 else "STEP"
        ways.append(f"'orchestrator retry {run} {step}{flag}' tries again")
        ways.append(f"'orchestrator mark {run} {step} succeeded|failed|skipped{flag}' continues without it")
    if not stopped:
        ways.append(f"'orchestrator cancel {run}{flag}' ends it")
    return f"nothing else is left: {named(plan, states, waits)}; {', '.join(ways)}"


def stuck(found: Found) -> Iterator[str]:
    """What is said of a run, and of each run inside it, that waits for nothing but people."""
    for name, one in _going_on(found, found.called):
        known = one.plan, one.view.states
        if waits := standstill(*known):
            said = all_held(*known, waits, name, one.flag, stopped=one.run.stop is not None)
            yield said if one is found else f"{name}: {said}"


def _going_on(found: Found, name: str) -> Iterator[tuple[str, Found]]:
    """A run that has not ended, and those inside it, each as commands name it."""
    if found.run.status is RunStatus.RUNNING:
        yield name, found
        for node, inner in found.inside.items():
            yield from _going_on(inner, f"{name}/{found.plan.steps[node].name}")


def needs_attention(state: StepState) -> bool:
    """Whether a step has failed for good, and somebody must decide what becomes of it."""
    return state.status is Status.NEEDS_ATTENTION
