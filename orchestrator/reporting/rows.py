"""The rows of a table of steps, for the live view and for ``status``. Pure.

``now`` is None if no process drives the run: then nothing starts or ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from orchestrator.core.model import EMPTY, MARKED, PENDING, Status, StepState
from orchestrator.core.plan import Plan, Role
from orchestrator.core.retries import no_quota
from orchestrator.core.rules import TriggerRule, Verdict, verdict
from orchestrator.core.steps import Step
from orchestrator.reporting.deadlines import deadline_note
from orchestrator.reporting.found import INTERRUPTED
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.inside import tolerated
from orchestrator.reporting.limits import limits_note
from orchestrator.reporting.phrases import (
    CLASSES,
    attempt_of,
    done_by,
    listed,
    said_of,
    status_word,
    stopped,
    threaded,
    until_ready,
    waits_for,
)
from orchestrator.reporting.times import duration, lasted
from orchestrator.reporting.upstream import (
    BROKEN,
    States,
    at_the_latest,
    join_of,
    names,
    predecessors,
    progress,
    unfinished,
)
from orchestrator.reporting.watch import Watch
from orchestrator.system.terminal import one_line


@dataclass(frozen=True, slots=True)
class Row:
    """One step: its status, how long it has taken, and a note."""

    name: str
    status: Status
    word: str
    elapsed: str
    note: str


def row(plan: Plan, states: States, node: int, now: float | None) -> Row:
    step, state = plan.steps[node], states.get(node, PENDING)
    lost = now is None and state.status is Status.RUNNING and threaded(step, state)
    word = INTERRUPTED if lost else status_word(state.status)
    said = one_line(note(plan, states, node, now))
    if plan.nodes[node].role is Role.KEPT:
        said = _joined("kept", said)
    said = _joined(deadline_note(state), limits_note(plan, node, state), said)
    return Row(one_line(step.name), state.status, word, lasted(state, now), said)


def note(plan: Plan, states: States, node: int, now: float | None) -> str:
    """What a step is waiting for, which attempt it is in, or why it ended as it did."""
    step, state = plan.steps[node], states.get(node, PENDING)
    if state.cause == MARKED and state.stop is not None:
        return _joined(f"marked {stopped(state.stop)}", state.error or "")
    if (hold := hold_of(state)) is not None:
        after = "no further attempt, held" if state.status.active else "held"
        return _joined(f"{after} {held_by(hold)}", _reason(step, state))
    return _note(plan, states, node, now)


def _reason(step: Step, state: StepState) -> str:
    """Why the newest attempt did not succeed, with its class where that says more."""
    said = said_of(step, state)
    return f"{state.cause}: {said}" if state.cause in CLASSES and state.error else said


def _skipped(step: Step, state: StepState) -> str:
    if state.cause == EMPTY:
        return "its list is empty"
    return f"when {step.when} is false" if state.cause == "when" else f"trigger {step.rule}"


def _note(plan: Plan, states: States, node: int, now: float | None) -> str:
    step, state = plan.steps[node], states.get(node, PENDING)
    reason = _reason(step, state)
    again = attempt_of(step, state, state.attempt) if state.attempt > 1 else ""
    match state.status:
        case Status.PENDING | Status.LAUNCHING | Status.RUNNING if state.stop is not None:
            return _joined(again, f"being {done_by(state.stop)} {stopped(state.stop)}{_until(step, state, now)}")
        case Status.PENDING:
            return waits_for(state.waits) if state.waits is not None else _waits(plan, states, node)
        case Status.RUNNING:
            return _joined(again, _goes_on(step, state, now))
        case Status.UP_FOR_RETRY if not reason:
            return f"interrupted, {'will run again' if state.waits is None else waits_for(state.waits)}"
        case Status.UP_FOR_RETRY if no_quota(state) and state.waits is None:
            return f"waits for quota, next try {_soon(state, now)}: {state.error}"
        case Status.UP_FOR_RETRY:
            coming = attempt_of(step, state, state.attempt + 1)
            return f"{coming} {_soon(state, now) if state.waits is None else waits_for(state.waits)}: {reason}"
        case Status.FAILED | Status.NEEDS_ATTENTION:
            made = state.attempt - state.interruptions
            return _joined(f"{made} attempts" if made > 1 else "", reason)
        case Status.UPSTREAM_FAILED:
            broken = [n for n in predecessors(plan, node) if states.get(n, PENDING).status in BROKEN]
            first = [n for n in broken if states[n].status is not Status.UPSTREAM_FAILED] or broken
            return f"because of {listed(names(plan, first), 3)}" if first else ""
        case Status.CANCELLED:
            return _joined(again, stopped(state.stop) if state.stop is not None else reason)
        case Status.SKIPPED:
            return _skipped(step, state)
        case Status.SUCCEEDED if state.live:
            return _joined(again, "its job is still running")
        case _:
            return _joined(again, tolerated(step, state))


def _until(step: Step, state: StepState, now: float | None) -> str:
    return ", ends when its function returns" if now is not None and threaded(step, state) else ""


def _soon(state: StepState, now: float | None) -> str:
    if now is None:
        return "once resumed"
    left = (state.due or now) - now
    return f"in {duration(left)}" if left > 0 else "next"


def _goes_on(step: Step, state: StepState, now: float | None) -> str:
    if now is None:
        return "will run again" if threaded(step, state) else INTERRUPTED
    if state.overdue is not None:
        return _late(step, state)
    if until_ready(step):
        return "until its job is ready"
    return f"{duration(state.due - now)} left" if state.due is not None else ""


def _late(step: Step, state: StepState) -> str:
    """What happens to a job whose time is up."""
    took = f"took longer than its timeout of {step.timeout:g} s" if step.timeout is not None else "took too long"
    return f"{took}, {'ends when its function returns' if threaded(step, state) else 'is being stopped'}"


def _waits(plan: Plan, states: States, node: int) -> str:
    waiting = unfinished(plan, states, node)
    trigger = plan.steps[node].trigger
    if not waiting or verdict(trigger, join_of(plan, states, node)) is Verdict.RUN:
        return "ready"
    if said := progress(plan, states, node):
        return said
    rule = "" if trigger is TriggerRule.ALL_SUCCESS else f" ({plan.steps[node].rule})"
    latest = at_the_latest(states.get(node, PENDING))
    return f"waiting for {listed(names(plan, waiting), 3)}{f', {latest}' if latest else rule}"


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def telling(watch: Watch, room: int) -> list[int]:
    """The ``room`` steps that are most worth showing: running, failed, retrying, and those that ended last."""
    active = list(chain(watch.by_status[Status.RUNNING], watch.by_status[Status.LAUNCHING]))
    failed = list(reversed(watch.by_status[Status.FAILED]))
    retrying = list(watch.by_status[Status.UP_FOR_RETRY])
    recent = [node for node in reversed(watch.ended) if watch.state(node).status is not Status.FAILED]
    chosen = _fair([failed, active, retrying, recent], room)
    return [*chosen[1], *chosen[2], *chosen[0], *chosen[3]]


def _fair(groups: list[list[int]], room: int) -> list[list[int]]:
    """As much of each group as fits. None takes more than half of the rest as long as a later group needs some."""
    chosen = []
    for number, group in enumerate(groups):
        wanted = sum(map(len, groups[number + 1 :]))
        share = room if not wanted else max(room - wanted, (room + 1) // 2)
        chosen.append(group[:share])
        room -= len(chosen[-1])
    return chosen


def rows(plan: Plan, states: States, nodes: Iterable[int], now: float | None) -> list[Row]:
    return [row(plan, states, node, now) for node in nodes]
