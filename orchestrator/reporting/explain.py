"""Explains the status of a step in a few sentences. Pure.

``now`` is None if no process drives the run: what is still to happen, happens once the run is resumed.
"""

import json
from typing import assert_never

from orchestrator.core.joins import decide
from orchestrator.core.kinds import PYTHON
from orchestrator.core.model import EMPTY, MARKED, Status, StepState, View
from orchestrator.core.plan import Plan, Role
from orchestrator.core.retries import no_quota
from orchestrator.core.rules import TriggerRule, Verdict, verdict
from orchestrator.core.steps import Step
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.phrases import (
    CLASSES,
    attempt_of,
    classed,
    done_by,
    listed,
    not_retried,
    said_of,
    status_word,
    stopped,
    threaded,
    until_ready,
    waits_for,
)
from orchestrator.reporting.times import clock, duration, iso, lasted
from orchestrator.reporting.upstream import (
    at_the_latest,
    at_work_before,
    join_of,
    names,
    predecessors,
    progress,
    requires,
    root_causes,
    unfinished,
)
from orchestrator.system.terminal import shown

#: How many characters of a step's outputs are shown.
_OUTPUTS = 300

#: When a run that no process drives continues.
_RESUMED = "once the run is resumed"


def explain(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    """Why step ``node`` has its status: one line for the step, and further lines where there is more to say."""
    step, state = plan.steps[node], view.state(node)
    stop, status = state.stop, state.status
    marked = stop is not None and state.cause == MARKED
    lines = _marked(state) if marked else [*_explain(plan, view, node, now), *_held(state)]
    if plan.nodes[node].role is Role.KEPT:
        return [*lines, "it was kept from an earlier run, and did not run again in this one"]
    if stop is None or marked or status is Status.CANCELLED:
        return lines
    ends = f"and it ends {_RESUMED}" if now is None and not status.final else _stopping(step, state)
    return [*lines, f"it was {done_by(stop)} {stopped(stop)}, {ends}"]


def _failed(step: Step, state: StepState) -> list[str]:
    said = f"failed{_after_attempts(state)}{classed(state)}: {said_of(step, state) or 'its job failed'}"
    if state.status is Status.FAILED:
        return [said, *_class(step, state)]
    waits = "the steps after it wait until somebody retries or marks it"
    return [f"needs attention: it {said}", *_class(step, state), waits]


def _marked(state: StepState) -> list[str]:
    """Who decided how the step ended, and what it had come to by itself."""
    lines = [f"marked {status_word(state.status)} {stopped(state.stop) if state.stop is not None else ''}"]
    if state.attempt:
        lines.append(f"its job, attempt {state.attempt}: {state.error or 'it was stopped, or had ended'}")
    return [*lines, *_outputs(state)]


def _held(state: StepState) -> list[str]:
    """That a step is held, and what that keeps from happening."""
    if (hold := hold_of(state)) is None:
        return []
    kept = "no further attempt starts" if state.status.active else "it does not start"
    return [f"it is held {held_by(hold)}; {kept} until it is released"]


def _stopping(step: Step, state: StepState) -> str:
    """What happens to a step that was cancelled but does not have that status."""
    if state.live:
        return _STOPPING[Status.RUNNING]
    if state.status is Status.SUCCEEDED and until_ready(step):
        return "and its job was stopped after the step had succeeded"
    if not state.attempt and state.status.final:
        return "but a step that never runs because of its trigger cannot be marked"
    if state.status.final:
        return "but its job ended before it could be stopped"
    if threaded(step, state):
        isolated = "" if step.work.kind != PYTHON.key else ": only a function with isolated: true can be stopped"
        return f"and it ends when its function returns{isolated}"
    return _STOPPING[state.status]


_STOPPING = {
    Status.PENDING: "and it ends as soon as its trigger has nothing left to wait for",
    Status.LAUNCHING: "and its job will be stopped as soon as it is known",
    Status.RUNNING: "and its job is asked to stop repeatedly until it has ended",
}


def _explain(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    step, state = plan.steps[node], view.state(node)
    match state.status:
        case Status.PENDING if state.stop is not None:
            return ["pending: it will not start"]
        case Status.PENDING:
            return _pending(plan, view, node, now)
        case Status.LAUNCHING:
            since = f" since {clock(state.claimed_at)}" if state.claimed_at is not None else ""
            return [f"launching{since}: {attempt_of(step, state, state.attempt)}"]
        case Status.RUNNING:
            return _running(step, state, now)
        case Status.UP_FOR_RETRY:
            return [_up_for_retry(step, state, now), *([] if no_quota(state) else _class(step, state))]
        case Status.SUCCEEDED:
            return _succeeded(step, state)
        case Status.FAILED | Status.NEEDS_ATTENTION:
            return _failed(step, state)
        case Status.CANCELLED:
            return [_cancelled(state)]
        case Status.SKIPPED:
            return [f"skipped: {_skipped(plan, view, node)}"]
        case Status.UPSTREAM_FAILED:
            return _upstream_failed(plan, view, node)
        case never:
            assert_never(never)


def _skipped(plan: Plan, view: View, node: int) -> str:
    step, cause = plan.steps[node], view.state(node).cause
    if cause == EMPTY:
        return "its list is empty, so there is nothing to do"
    if cause == "when":
        return f"its condition was false: when: {step.when}"
    return f"{_required(step)}, but {_how_they_ended(plan, view, node)}"


def standing(step: Step, state: StepState, now: float | None) -> str:
    """A predecessor in a few words: ``b (running 3 m)``, ``c (attempt 2 of 3 in 40 s)``."""
    match state.status:
        case Status.RUNNING:
            again = f", {attempt_of(step, state, state.attempt)}" if state.attempt > 1 else ""
            stands = f"running {lasted(state, now)}" if now is not None else "interrupted"
            return f"{step.name} ({stands}{again})"
        case Status.UP_FOR_RETRY:
            due = _due(state, now)
            again = attempt_of(step, state, state.attempt + 1)
            return f"{step.name} ({again} {due if due != 'now' else 'is about to start'})"
        case status:
            return f"{step.name} ({status_word(status)})"


def _pending(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    step = plan.steps[node]
    match decide(plan, node, view):
        case Verdict.RUN if hold_of(view.state(node)) is not None:
            return ["pending: it is ready"]
        case Verdict.RUN if (wait := view.state(node).waits) is not None:
            return [f"pending: it {waits_for(wait)}", *([f"it goes on {_RESUMED}"] if now is None else [])]
        case Verdict.RUN:
            when = "as soon as a slot is free" if now is not None else _RESUMED
            return [f"pending: it is ready, and starts {when}"]
        case Verdict.SKIP | Verdict.UPSTREAM_FAILED as said:
            return [f"pending: it is about to be {status_word(_END[said])}, since {_how_they_ended(plan, view, node)}"]
    waiting = unfinished(plan, view.states, node)
    if not waiting:  # a gate of its join has not passed this on yet
        return ["pending: all steps before it have ended, and it is about to start or end"]
    line = f"waiting for {listed(standing(plan.steps[number], view.state(number), now) for number in waiting)}"
    in_the_end = verdict(step.trigger, join_of(plan, view.states, node))
    if in_the_end in _END:
        line = f"will be {status_word(_END[in_the_end])}, since {_how_they_ended(plan, view, node)}; still {line}"
    lines = [f"pending: {line}"]
    if any(view.state(number).status is Status.PENDING for number in waiting):
        working = at_work_before(plan, view.states, node)
        shown = listed(standing(plan.steps[number], view.state(number), now) for number in working)
        lines.append(f"what it is waiting for in the end: {shown}")
    if step.trigger is not TriggerRule.ALL_SUCCESS:
        lines.append(_required(step))
    lines += [line for line in (progress(plan, view.states, node), _latest(view.state(node), now)) if line]
    if step.when is not None:
        lines.append(f"then its condition decides whether it runs: when: {step.when}")
    return lines


def _latest(state: StepState, now: float | None) -> str:
    """When a step runs that waits for a limited time."""
    if (said := at_the_latest(state)) and hold_of(state) is not None:
        return f"it {said}, if it is released by then"
    late = now is None
    return f"it {said}{f', or {_RESUMED} if that is later' if late else ''}" if said else ""


_END = {Verdict.SKIP: Status.SKIPPED, Verdict.UPSTREAM_FAILED: Status.UPSTREAM_FAILED}


def _running(step: Step, state: StepState, now: float | None) -> list[str]:
    since = f" since {clock(state.started_at)}" if state.started_at is not None else ""
    attempt = attempt_of(step, state, state.attempt)
    if now is None and threaded(step, state):
        return [
            f"interrupted: it ran{since} in a thread of the process that drove the run, and ended with it: {attempt}",
            *([] if state.stop is not None else [f"it runs again {_RESUMED}"]),
        ]
    if now is None:
        return [f"running{since} when the run was interrupted: {attempt}", *_once_resumed(step, state)]
    lines = [f"running{since}, for {lasted(state, now)}: {attempt}"]
    if until_ready(step):
        lines.append("it succeeds as soon as its streaming job is ready")
    elif state.due is not None:
        lines.append(f"it ends in {duration(state.due - now)}")
    if state.overdue is not None and step.timeout is not None:
        ends = "it ends when its function returns" if threaded(step, state) else "it is being stopped"
        lines.append(f"its timeout of {duration(step.timeout)} has passed, and {ends}")
    elif step.timeout is not None and state.started_at is not None:
        left = duration(state.started_at + step.timeout - now)
        lines.append(f"its timeout of {duration(step.timeout)} stops it in {left}")
    return lines


def _once_resumed(step: Step, state: StepState) -> list[str]:
    """What will happen to a step that was running, in a run that no process drives."""
    if step.timeout is None or state.started_at is None:
        return []
    return [f"its timeout of {duration(step.timeout)} stops it {_RESUMED}, if it has passed by then"]


def _up_for_retry(step: Step, state: StepState, now: float | None) -> str:
    due = "once it is released" if hold_of(state) is not None else _due(state, now)
    again = f"{attempt_of(step, state, state.attempt + 1)} starts {due}"
    if state.waits is not None:
        again = f"{attempt_of(step, state, state.attempt + 1)} {waits_for(state.waits)}"
    if no_quota(state):
        return f"up for retry: it waits for quota, which uses up no retry; {again}; the service said: {state.error}"
    if state.error is None and state.cause is None:
        return f"up for retry: attempt {state.attempt} was interrupted, which does not count; {again}"
    return f"up for retry: attempt {state.attempt} failed{classed(state)}: {said_of(step, state)}; {again}"


def _class(step: Step, state: StepState) -> list[str]:
    """What the class of a failure means for another attempt, and why there is none."""
    if state.cause in CLASSES:
        return [f"{state.cause}: {CLASSES[state.cause]}"]
    return [why] if (why := not_retried(step, state)) else []


def _due(state: StepState, now: float | None) -> str:
    if now is None:
        return _RESUMED
    return f"in {duration(state.due - now)}" if state.due is not None and state.due > now else "now"


def _succeeded(step: Step, state: StepState) -> list[str]:
    if not state.attempt:
        return [f"succeeded at {iso(state.ended_at)}: it has no job"]
    again = f", {attempt_of(step, state, state.attempt)}" if state.attempt > 1 else ""
    lines = [f"succeeded in {lasted(state, state.ended_at or 0.0)}{again}"]
    lines += _outputs(state)
    if state.live:
        lines.append(f"its job is still running: {state.job}")
    return lines


def _outputs(state: StepState) -> list[str]:
    if not state.outputs:
        return []
    text = shown(json.dumps(state.outputs, ensure_ascii=False))
    return [f"outputs: {text if len(text) <= _OUTPUTS else f'{text[:_OUTPUTS]}…'}"]


def _cancelled(state: StepState) -> str:
    """Who cancelled the step, and how its job ended."""
    if state.stop is None:
        by_whom = f": {state.error}" if state.error else ""
        return f"cancelled: its job was stopped by someone else, not by orchestrator{by_whom}"
    if not state.attempt:
        return f"cancelled {stopped(state.stop)}; it had not started"
    said = state.error or "it was stopped"
    return f"cancelled {stopped(state.stop)}; its job, attempt {state.attempt}: {said}"


def _after_attempts(state: StepState) -> str:
    counted = state.attempt - state.interruptions
    return f" after {counted} attempts" if counted > 1 else ""


def _upstream_failed(plan: Plan, view: View, node: int) -> list[str]:
    causes = root_causes(plan, view.states, node)
    lines = [f"upstream failed: {_required(plan.steps[node])}, but {_how_they_ended(plan, view, node)}"]
    if not causes:
        return lines
    before = set(predecessors(plan, node))
    verb = "is the cause" if len(causes) == 1 else "are the causes"
    if len(causes) > 1 or causes[0] not in before:
        lines.append(f"{listed(names(plan, causes))} {verb}")
    for number in causes[:5]:
        step, state = plan.steps[number], view.state(number)
        said = f"{status_word(state.status)}{classed(state)}: {said_of(step, state) or 'no reason given'}"
        lines.append(f"{step.name} {_cancelled(state) if state.status is Status.CANCELLED else said}")
    return lines


def _required(step: Step) -> str:
    return f"its trigger {step.rule} requires {requires(step)}"


def _how_they_ended(plan: Plan, view: View, node: int) -> str:
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
