"""Checks a job. Its real state decides, whatever a signal said. A check that fails does not fail the step."""

from dataclasses import replace
from math import inf
from typing import assert_never

from orchestrator.core.events import JobEnded, TimeUp
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import LATE, STOP, SWEEP, Check
from orchestrator.core.model import StepState
from orchestrator.core.retries import late
from orchestrator.core.steps import Step
from orchestrator.core.values import misfit
from orchestrator.engine import check_times
from orchestrator.engine.duplicate_jobs import check_late
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import ConflictError
from orchestrator.ports import CHECKS, JobRunning, Task
from orchestrator.system.terminal import shown
from orchestrator.text import cut

#: Seconds between the checks of a job that was asked to stop. Each of them asks again.
GRACE = 10.0

#: By how many seconds a process may seem to have ended too early: its end is the time of a file, which is not exact.
TICK = 1.0


def check(ledger: Ledger, execution: Execution, check: Check) -> None:
    """Check an attempt's job: record its end, or schedule the next check."""
    step = execution.plan.steps[check.node]
    if (later := check_times.postponed(step.check, check, ledger.signal_delay, ledger.clock())) is not None:
        return _put(ledger, check.next(later))
    state = ledger.store.load(execution.run.key, (check.node,), ()).state(check.node)
    made_up = check.chain.endswith(STOP) and state.stop is None  # nobody cancelled the step
    if made_up or check.attempt > state.attempt:  # the attempt never began, or its document was deleted
        return None
    if check.chain == LATE:
        return check_late(ledger, execution, check, state)
    if state.attempt == check.attempt and state.live:
        return _check_live(ledger, execution, check, state)
    if state.attempt != check.attempt or not state.status.active:
        if state.attempt == check.attempt and state.ended_by not in (None, check.chain):
            return None  # a check of another chain ended it, and is redelivered until what was owed is paid
        return ledger.roll_forward(execution, check.node)
    if state.job is None:  # its launch is being recorded now, or will be delivered again
        return _check_again(ledger, step, check, state)
    backend = ledger.backend(ledger.work(step).kind)
    match backend.status(state.job):
        case JobEnd() as end:
            event = ended(step, state, end, ledger.clock_skew, check.chain)
            unwanted = state.stop is not None or event.end.outcome is not Outcome.SUCCEEDED
            if end.live and unwanted:  # the job runs although the attempt ends, so it has to be stopped
                _ask(ledger, execution, check, state, ledger.clock())
                return _check_again(ledger, step, check, state)
            return _end(ledger, execution, check, event)
        case JobRunning(due):
            now = ledger.clock()
            asks = check.chain.endswith(STOP) or now >= _deadline(step, state)
            if asks and (answer := _ask(ledger, execution, check, state, now)):
                return ledger.handle(execution, check.node, answer)
            return _check_again(ledger, step, check, state, due)
        case never:
            assert_never(never)


def _end(ledger: Ledger, execution: Execution, check: Check, event: JobEnded) -> None:
    """Record a job's end. Raises ConflictError, for a redelivery, if it was judged by limits that have changed."""
    commit = ledger.commit(execution, check.node, event)
    if event.end.limits is not None and not commit.applied and commit.state.status.active:
        name = execution.plan.steps[check.node].name
        raise ConflictError(f"the limits of step '{name}' have just been set: try again")
    ledger.follow(execution, check.node, commit)


def _ask(ledger: Ledger, execution: Execution, check: Check, state: StepState, now: float) -> JobEnded | None:
    """Ask the job to stop. Before that, record the timeout, unless the step was cancelled. Returns the end, if known.

    With this record, the job's end is not mistaken for a cancellation by somebody else, whatever the clocks say.
    """
    step = execution.plan.steps[check.node]
    if state.stop is None and state.overdue is None:
        state = ledger.commit(execution, check.node, TimeUp(check.attempt, now)).state
    if state.job is None or state.attempt != check.attempt:
        return None  # meanwhile another process saw the job's end, and another attempt has begun
    end = ledger.backend(ledger.work(step).kind).cancel(state.job)
    return ended(step, state, end, ledger.clock_skew, check.chain) if end else None


def _check_live(ledger: Ledger, execution: Execution, check: Check, state: StepState) -> None:
    """Check a job that is still running although its step has succeeded. If cancelled, ask it to stop until it ends."""
    step, job = execution.plan.steps[check.node], state.job
    assert job is not None
    backend = ledger.backend(ledger.work(step).kind)
    status = backend.status(job)
    if isinstance(status, JobEnd) and not status.live:
        return ledger.handle(execution, check.node, ended(step, state, status, inf, check.chain))
    if state.stop is None or not check.chain.endswith(STOP):
        return ledger.roll_forward(execution, check.node)
    backend.cancel(job)
    return _check_again(ledger, step, check, state)


def _check_again(ledger: Ledger, step: Step, check: Check, state: StepState, due: float | None = None) -> None:
    """Schedule the next check, under a new name: this one's is taken. ``due``: when a check is worthwhile."""
    now = ledger.clock()
    if check.chain.startswith(SWEEP):  # the next sweep checks again; if each sweep began a chain, they would add up
        return
    if check_times.of_a_signal(check):
        following = check_times.wait(step.check, check)
        if following is None:
            return
        wait = following
    elif check.chain == STOP:
        wait = GRACE
    else:
        left = _deadline(step, state) - now
        wait = min(step.check.every, left if left > 0 else GRACE)
        # With a hint, a wait of 11 minutes is noticed after 11 and not after 20. The newer of two hints may be better.
        hints = [hint for hint in (state.due, due) if hint is not None and hint > now]
        wait = min([wait, *(hint - now for hint in hints)])
    _put(ledger, check.next(due=now + wait))


def _put(ledger: Ledger, check: Check) -> None:
    ledger.queue.put([Task(check.name, CHECKS, check)])


def _deadline(step: Step, state: StepState) -> float:
    if step.timeout is None or state.started_at is None:
        return inf
    return state.started_at + step.timeout


def ended(step: Step, state: StepState, end: JobEnd, skew: float, by: str | None = None) -> JobEnded:
    """The end of a job as an event. A success that certainly came after the timeout becomes a failure.

    The state machine judges everything else by what is recorded. ``skew``: how many seconds the clock that recorded the
    start may be wrong. ``by``: the chain of the check.
    """
    doubt = max(skew, TICK)
    if end.outcome is Outcome.SUCCEEDED and end.at >= _deadline(step, state) + skew:
        end, doubt = late(step, end.at), inf
    elif end.outputs is not None and (wrong := misfit(end.outputs)):
        error = f"its outputs cannot be kept: {wrong}"
        end = JobEnd(Outcome.FAILED, end.at, error=error, cause="outputs", permanent=True)
    elif end.error is not None:  # the message of a worker or a library may contain control characters
        end = replace(end, error=shown(cut(end.error)))
    return JobEnded(state.attempt, end, by, doubt=doubt)
