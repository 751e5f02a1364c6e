"""Why a step has not started, or not started again yet: what it waits for, and when it goes on. Pure."""

from orchestrator.core.joins import decide
from orchestrator.core.model import Status, StepState, View
from orchestrator.core.plan import Plan
from orchestrator.core.retries import no_quota
from orchestrator.core.rules import TriggerRule, Verdict, verdict
from orchestrator.core.steps import Step
from orchestrator.reporting.explain_ended import how_they_ended, required
from orchestrator.reporting.explain_running import RESUMED
from orchestrator.reporting.held import hold_of
from orchestrator.reporting.phrases import attempt_of, classed, listed, said_of, status_word, waits_for
from orchestrator.reporting.times import duration, lasted
from orchestrator.reporting.upstream import at_the_latest, at_work_before, join_of, progress, unfinished


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


def pending(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    step = plan.steps[node]
    match decide(plan, node, view):
        case Verdict.RUN if hold_of(view.state(node)) is not None:
            return ["pending: it is ready"]
        case Verdict.RUN if (wait := view.state(node).waits) is not None:
            return [f"pending: it {waits_for(wait)}", *([f"it goes on {RESUMED}"] if now is None else [])]
        case Verdict.RUN if (wait := view.state(plan.end).waits) is not None:
            return [f"pending: its run {waits_for(wait)}", *([f"it goes on {RESUMED}"] if now is None else [])]
        case Verdict.RUN:
            when = "as soon as a slot is free" if now is not None else RESUMED
            return [f"pending: it is ready, and starts {when}"]
        case Verdict.SKIP | Verdict.UPSTREAM_FAILED as said:
            return [f"pending: it is about to be {status_word(_END[said])}, since {how_they_ended(plan, view, node)}"]
    waiting = unfinished(plan, view.states, node)
    if not waiting:  # a gate of its join has not passed this on yet
        return ["pending: all steps before it have ended, and it is about to start or end"]
    line = f"waiting for {listed(standing(plan.steps[number], view.state(number), now) for number in waiting)}"
    in_the_end = verdict(step.trigger, join_of(plan, view.states, node))
    if in_the_end in _END:
        line = f"will be {status_word(_END[in_the_end])}, since {how_they_ended(plan, view, node)}; still {line}"
    lines = [f"pending: {line}"]
    if any(view.state(number).status is Status.PENDING for number in waiting):
        working = at_work_before(plan, view.states, node)
        shown = listed(standing(plan.steps[number], view.state(number), now) for number in working)
        lines.append(f"what it is waiting for in the end: {shown}")
    if step.trigger is not TriggerRule.ALL_SUCCESS:
        lines.append(required(step))
    lines += [line for line in (progress(plan, view.states, node), _latest(view.state(node), now)) if line]
    if step.when is not None:
        lines.append(f"then its condition decides whether it runs: when: {step.when}")
    return lines


def _latest(state: StepState, now: float | None) -> str:
    """When a step runs that waits for a limited time."""
    if (said := at_the_latest(state)) and hold_of(state) is not None:
        return f"it {said}, if it is released by then"
    late = now is None
    return f"it {said}{f', or {RESUMED} if that is later' if late else ''}" if said else ""


_END = {Verdict.SKIP: Status.SKIPPED, Verdict.UPSTREAM_FAILED: Status.UPSTREAM_FAILED}


def up_for_retry(step: Step, state: StepState, now: float | None) -> str:
    due = "once it is released" if hold_of(state) is not None else _due(state, now)
    again = f"{attempt_of(step, state, state.attempt + 1)} starts {due}"
    if state.waits is not None:
        again = f"{attempt_of(step, state, state.attempt + 1)} {waits_for(state.waits)}"
    if no_quota(state):
        return f"up for retry: it waits for quota, which uses up no retry; {again}; the service said: {state.error}"
    if state.error is None and state.cause is None:
        return f"up for retry: attempt {state.attempt} was interrupted, which does not count; {again}"
    return f"up for retry: attempt {state.attempt} failed{classed(state)}: {said_of(step, state)}; {again}"


def _due(state: StepState, now: float | None) -> str:
    if now is None:
        return RESUMED
    return f"in {duration(state.due - now)}" if state.due is not None and state.due > now else "now"
