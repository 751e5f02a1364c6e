"""How a step ended, and which of the steps before it are the reason. Pure."""

import json

from orchestrator.core.kinds import kind_of
from orchestrator.core.model import EMPTY, Status, StepState, View
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step
from orchestrator.reporting.phrases import (
    CLASSES,
    attempt_of,
    classed,
    listed,
    not_retried,
    said_of,
    status_word,
    stopped,
)
from orchestrator.reporting.times import iso, lasted, with_clock
from orchestrator.reporting.upstream import names, predecessors, requires, root_causes
from orchestrator.system.terminal import shown

#: How many characters of a step's outputs are shown.
_OUTPUTS = 300


def failed(step: Step, state: StepState) -> list[str]:
    said = f"failed{_after_attempts(state)}{classed(state)}: {said_of(step, state) or 'its job failed'}"
    if state.status is Status.FAILED:
        return [said, *meaning_of_class(step, state)]
    waits = "the steps after it wait until somebody retries or marks it"
    return [f"needs attention: it {said}", *meaning_of_class(step, state), waits]


def meaning_of_class(step: Step, state: StepState) -> list[str]:
    """What the class of a failure means for another attempt, and why there is none."""
    if state.cause in CLASSES:
        return [f"{state.cause}: {CLASSES[state.cause]}"]
    return [why] if (why := not_retried(step, state)) else []


def _after_attempts(state: StepState) -> str:
    counted = state.attempt - state.interruptions
    return f" after {counted} attempts" if counted > 1 else ""


def succeeded(step: Step, state: StepState) -> list[str]:
    if not state.attempt:
        return [f"succeeded at {iso(state.ended_at)}: it has no job"]
    again = f", {attempt_of(step, state, state.attempt)}" if state.attempt > 1 else ""
    lines = [f"succeeded in {lasted(state, state.ended_at or 0.0)}{again}"]
    lines += outputs_of(state)
    if state.live:
        lines.append(f"its job is still running: {state.job}")
    return lines


def outputs_of(state: StepState) -> list[str]:
    if not state.outputs:
        return []
    text = shown(json.dumps(state.outputs, ensure_ascii=False))
    return [f"outputs: {text if len(text) <= _OUTPUTS else f'{text[:_OUTPUTS]}…'}"]


def cancelled(step: Step, state: StepState) -> str:
    """Who cancelled the step, and how its job ended."""
    if state.stop is None:
        if kind_of(step.work).runs and state.error:
            return f"cancelled: {with_clock(state.error)}"
        by_whom = f": {state.error}" if state.error else ""
        return f"cancelled: its job was stopped by someone else, not by orchestrator{by_whom}"
    if not state.attempt:
        return f"cancelled {stopped(state.stop)}; it had not started"
    said = state.error or "it was stopped"
    return f"cancelled {stopped(state.stop)}; its job, attempt {state.attempt}: {said}"


def skipped(plan: Plan, view: View, node: int) -> str:
    step, cause = plan.steps[node], view.state(node).cause
    if cause == EMPTY:
        return "its list is empty, so there is nothing to do"
    if cause == "when":
        return f"its condition was false: when: {step.when}"
    return f"{required(step)}, but {how_they_ended(plan, view, node)}"


def upstream_failed(plan: Plan, view: View, node: int) -> list[str]:
    causes = root_causes(plan, view.states, node)
    lines = [f"upstream failed: {required(plan.steps[node])}, but {how_they_ended(plan, view, node)}"]
    if not causes:
        return lines
    before = set(predecessors(plan, node))
    verb = "is the cause" if len(causes) == 1 else "are the causes"
    if len(causes) > 1 or causes[0] not in before:
        lines.append(f"{listed(names(plan, causes))} {verb}")
    for number in causes[:5]:
        step, state = plan.steps[number], view.state(number)
        said = f"{status_word(state.status)}{classed(state)}: {said_of(step, state) or 'no reason given'}"
        lines.append(f"{step.name} {cancelled(step, state) if state.status is Status.CANCELLED else said}")
    return lines


def required(step: Step) -> str:
    return f"its trigger {step.rule} requires {requires(step)}"


def how_they_ended(plan: Plan, view: View, node: int) -> str:
    """``a failed, b and c were skipped``: the predecessors that ended, failures first."""
    phrases = []
    for status, verb in _ENDED.items():
        which = [number for number in predecessors(plan, node) if view.state(number).status is status]
        if which:
            phrases.append(f"{listed(names(plan, which), 4)} {verb[len(which) > 1]}")
    return listed(phrases)


_ENDED = {
    Status.FAILED: ("failed", "failed"),
    Status.CANCELLED: ("was cancelled", "were cancelled"),
    Status.UPSTREAM_FAILED: ("never ran (upstream failed)", "never ran (upstream failed)"),
    Status.SKIPPED: ("was skipped", "were skipped"),
    Status.SUCCEEDED: ("succeeded", "succeeded"),
}
