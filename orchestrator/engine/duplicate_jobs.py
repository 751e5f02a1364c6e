"""Keeps one job per attempt: the recorded job continues, and every other job of that attempt is cancelled when seen.

The record never changes, so all deliveries agree on it, and nothing is cancelled before a job is recorded. Duplicates
exist because a handler may launch a second job and die, and because launches that were refused have been seen to run.
"""

import logging
from contextlib import nullcontext

from orchestrator.core.messages import LATE, Check, Launch
from orchestrator.core.model import Status, StepState
from orchestrator.core.steps import Work
from orchestrator.engine.claiming import name_of
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.rendering import render
from orchestrator.expressions import ExpressionError, are_in
from orchestrator.ports import CHECKS, Discards, JobBackend, JobRequest, Launched, Task

log = logging.getLogger(__name__)

#: Seconds after which every list of the service contains a launched job.
LIST_LAG = 30.0

#: How many lists late checks ask for, one after the other, since a list may lose a job.
LATE_CHECKS = 2


def recorded(state: StepState, attempt: int) -> str | None:
    """The recorded job of ``attempt``; None if there is none, or if the state is of another attempt."""
    return state.job if state.attempt == attempt else None


def cancel_others(backend: JobBackend, request: JobRequest, state: StepState, found: Launched) -> bool:
    """Cancel the jobs in ``found`` that are not the recorded one in ``state``. Returns whether there were any.

    Raises BackendError.
    """
    if not isinstance(backend, Discards) or (state.status is Status.LAUNCHING and state.attempt == request.attempt):
        return False
    stays = recorded(state, request.attempt)
    others = [job for job in (*(() if found.over else (found.job,)), *found.beside) if job != stays]
    for job in others:
        log.warning("job %s, called %s, is one too many: cancelling it; %s", job, request.name, _instead(stays))
        backend.discard(job)
    return bool(others)


def discard_others(ledger: Ledger, execution: Execution, effect: Launch | Check, work: Work, state: StepState) -> bool:
    """List the jobs of the attempt, and cancel those that are not the recorded one. Returns whether there were any."""
    backend = ledger.backends.get(work.kind)
    if not ledger.launch_lease or not isinstance(backend, Discards):
        return False
    name = state.job_name if state.attempt == effect.attempt else None
    name = name or name_of(ledger, execution, effect)
    step, stays = execution.plan.steps[effect.node], recorded(state, effect.attempt)
    request = JobRequest(
        execution.run, effect.node, step.name, effect.attempt, name, work.kind, work.spec, step.job_name, recorded=stays
    )
    found = backend.find(request)
    return found is not None and cancel_others(backend, request, state, found)


def check_later(ledger: Ledger, execution: Execution, effect: Launch) -> None:
    """Schedule a check for the time when every list shows the job that this launch may have started."""
    if isinstance(ledger.backends.get(ledger.work(execution.plan.steps[effect.node]).kind), Discards):
        due = ledger.clock() + LIST_LAG + 2 * ledger.clock_skew
        _put(ledger, Check(effect.run, effect.node, effect.attempt, LATE, due=due))


def check_late(ledger: Ledger, execution: Execution, check: Check, state: StepState) -> None:
    """Cancel duplicate jobs; if the list shows none, schedule one more check. A check never launches anything."""
    work = ledger.work(execution.plan.steps[check.node])
    try:
        with ledger.apart() if are_in(work.spec) else nullcontext():
            spec = render(ledger.store, ledger.facts, execution, work.spec, check.node)
    except ExpressionError:  # it must also have failed before the launch, so nothing was sent
        return
    found = discard_others(ledger, execution, check, Work(work.kind, spec), state)
    if not found and check.number + 1 < LATE_CHECKS:
        _put(ledger, check.next(ledger.clock() + LIST_LAG))


def _put(ledger: Ledger, check: Check) -> None:
    ledger.queue.put([Task(check.name, CHECKS, check)])


def _instead(stays: str | None) -> str:
    return f"the attempt's job is {stays}" if stays else "the attempt is over"
