"""Explains the status of a step in a few sentences. Pure.

``now`` is None if no process drives the run: what is still to happen, happens once the run is resumed.
"""

from typing import assert_never

from orchestrator.core.model import MARKED, Status, StepState, View
from orchestrator.core.plan import Plan, Role
from orchestrator.core.retries import no_quota
from orchestrator.reporting.explain_begun import begun
from orchestrator.reporting.explain_ended import (
    cancelled,
    failed,
    meaning_of_class,
    outputs_of,
    skipped,
    succeeded,
    upstream_failed,
)
from orchestrator.reporting.explain_running import RESUMED, running, stopping
from orchestrator.reporting.explain_waiting import pending, up_for_retry
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.limits import limits_said
from orchestrator.reporting.phrases import (
    attempt_of,
    done_by,
    status_word,
    stopped,
)
from orchestrator.reporting.times import clock


def explain(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    """Why step ``node`` has its status: one line for the step, and further lines where there is more to say."""
    step, state = plan.steps[node], view.state(node)
    stop, status = state.stop, state.status
    marked = stop is not None and state.cause == MARKED
    lines = _marked(state) if marked else [*_explain(plan, view, node, now), *_held(state)]
    if plan.nodes[node].role is Role.KEPT:
        return [*lines, "it was kept from an earlier run, and did not run again in this one"]
    lines += begun(plan, view, node)
    lines += [said] if (said := limits_said(plan, node, state)) else []
    if stop is None or marked or status is Status.CANCELLED:
        return lines
    ends = f"and it ends {RESUMED}" if now is None and not status.final else stopping(step, state)
    return [*lines, f"it was {done_by(stop)} {stopped(stop)}, {ends}"]


def _marked(state: StepState) -> list[str]:
    """Who decided how the step ended, and what it had come to by itself."""
    lines = [f"marked {status_word(state.status)} {stopped(state.stop) if state.stop is not None else ''}"]
    if state.attempt:
        lines.append(f"its job, attempt {state.attempt}: {state.error or 'it was stopped, or had ended'}")
    return [*lines, *outputs_of(state)]


def _held(state: StepState) -> list[str]:
    """That a step is held, and what that keeps from happening."""
    if (hold := hold_of(state)) is None:
        return []
    kept = "no further attempt starts" if state.status.active else "it does not start"
    return [f"it is held {held_by(hold)}; {kept} until it is released"]


def _explain(plan: Plan, view: View, node: int, now: float | None) -> list[str]:
    step, state = plan.steps[node], view.state(node)
    match state.status:
        case Status.PENDING if state.stop is not None:
            return ["pending: it will not start"]
        case Status.PENDING:
            return pending(plan, view, node, now)
        case Status.LAUNCHING:
            since = f" since {clock(state.claimed_at)}" if state.claimed_at is not None else ""
            return [f"launching{since}: {attempt_of(step, state, state.attempt)}"]
        case Status.RUNNING:
            return running(step, state, now)
        case Status.UP_FOR_RETRY:
            return [up_for_retry(step, state, now), *([] if no_quota(state) else meaning_of_class(step, state))]
        case Status.SUCCEEDED:
            return succeeded(step, state)
        case Status.FAILED | Status.NEEDS_ATTENTION:
            return failed(step, state)
        case Status.CANCELLED:
            return [cancelled(step, state)]
        case Status.SKIPPED:
            return [f"skipped: {skipped(plan, view, node)}"]
        case Status.UPSTREAM_FAILED:
            return upstream_failed(plan, view, node)
        case never:
            assert_never(never)
