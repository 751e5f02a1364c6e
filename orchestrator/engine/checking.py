"""Checking: the job's real state decides, whatever a signal said. A look that fails never fails the step."""

from dataclasses import replace
from math import inf
from typing import assert_never

from orchestrator.core.machine import late
from orchestrator.core.messages import LATE, STOP, SWEEP, Check
from orchestrator.core.model import JobEnded, Outcome, Run, StepState, TimeUp
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step
from orchestrator.core.values import misfit
from orchestrator.engine import check_times
from orchestrator.engine.duplicate_jobs import look_late
from orchestrator.engine.ledger import Ledger
from orchestrator.ports import CHECKS, JobOver, JobRunning, Task
from orchestrator.system.terminal import shown
from orchestrator.text import cut

#: Seconds between the looks at a job that was asked to stop; each asks again.
GRACE = 10.0

#: Seconds by which the end of a process may seem to be earlier than it was: a file tells it, by the clock's last tick.
TICK = 1.0


def check(ledger: Ledger, run: Run, plan: Plan, look: Check) -> None:
    """Look at an attempt's job: record its end, or schedule the next look."""
    step = plan.steps[look.node]
    if (later := check_times.postponed(step.check, look, ledger.signal_delay, ledger.clock())) is not None:
        return _put(ledger, look.next(later))
    state = ledger.store.load(run.key, (look.node,), ()).state(look.node)
    made_up = look.chain.endswith(STOP) and state.stop is None  # for nobody cancelled the step
    if made_up or look.attempt > state.attempt:  # which never began, or whose document is gone: nothing begins on it
        return None
    if look.chain == LATE:
        return look_late(ledger, run, plan, look, state)
    if state.attempt == look.attempt and state.live:
        return _check_live(ledger, run, plan, look, state)
    if state.attempt != look.attempt or not state.status.active:
        if state.attempt == look.attempt and state.ended_by not in (None, look.chain):
            return None  # a look of another chain ended it, and comes again until that has been paid for
        return ledger.roll_forward(run, plan, look.node)
    if state.job is None:  # its launch is being recorded, or will be delivered again
        return _look_again(ledger, step, look, state)
    backend = ledger.backend(ledger.work(step).kind)
    match backend.status(state.job):
        case JobOver() as over:
            event = ended(step, state, over, ledger.clock_skew)
            unwanted = state.stop is not None or event.outcome is not Outcome.SUCCEEDED
            if over.live and unwanted:  # nothing of an attempt outlives it
                _ask(ledger, run, plan, look, state, ledger.clock())
                return _look_again(ledger, step, look, state)
            return ledger.handle(run, plan, look.node, replace(event, by=look.chain))
        case JobRunning(due):
            now = ledger.clock()
            asks = look.chain.endswith(STOP) or now >= _deadline(step, state)
            if asks and (answer := _ask(ledger, run, plan, look, state, now)):
                return ledger.handle(run, plan, look.node, replace(answer, by=look.chain))
            return _look_again(ledger, step, look, state, due)
        case never:
            assert_never(never)


def _ask(ledger: Ledger, run: Run, plan: Plan, look: Check, state: StepState, now: float) -> JobEnded | None:
    """Ask the job to stop, and before that record why, if nobody has cancelled the step. Its end, if it ends by that.

    Whatever the clocks say later, a job that we asked has not been cancelled behind our back.
    """
    step = plan.steps[look.node]
    if state.stop is None and state.overdue is None:
        state = ledger.commit(run, plan, look.node, TimeUp(look.attempt, now)).state
    if state.job is None or state.attempt != look.attempt:
        return None  # somebody saw its end meanwhile, and another attempt has begun
    over = ledger.backend(ledger.work(step).kind).cancel(state.job)
    return ended(step, state, over, ledger.clock_skew) if over else None


def _check_live(ledger: Ledger, run: Run, plan: Plan, look: Check, state: StepState) -> None:
    """Look at a job that goes on though its step has succeeded; one that is to be stopped is asked until it ends."""
    step, job = plan.steps[look.node], state.job
    assert job is not None
    backend = ledger.backend(ledger.work(step).kind)
    status = backend.status(job)
    if isinstance(status, JobOver) and not status.live:
        event = ended(step, state, status, inf)
        return ledger.handle(run, plan, look.node, replace(event, by=look.chain))
    if state.stop is None or not look.chain.endswith(STOP):
        return ledger.roll_forward(run, plan, look.node)
    backend.cancel(job)
    return _look_again(ledger, step, look, state)


def _look_again(ledger: Ledger, step: Step, look: Check, state: StepState, due: float | None = None) -> None:
    """Schedule the next look under a new name; the name of this one is taken. ``due``: when one will pay."""
    now = ledger.clock()
    if look.chain.startswith(SWEEP):  # the next sweep looks again; a chain a sweep would add up
        return
    if check_times.of_a_signal(look):
        following = check_times.wait(step.check, look)
        if following is None:
            return
        wait = following
    elif look.chain == STOP:
        wait = GRACE
    else:
        left = _deadline(step, state) - now
        wait = min(step.check.every, left if left > 0 else GRACE)
        # A wait of 11 minutes is over after 11, not after 20; and a job may know better than when it was launched.
        hints = [hint for hint in (state.due, due) if hint is not None and hint > now]
        wait = min([wait, *(hint - now for hint in hints)])
    _put(ledger, look.next(due=now + wait))


def _put(ledger: Ledger, look: Check) -> None:
    ledger.queue.put([Task(look.name, CHECKS, look)])


def _deadline(step: Step, state: StepState) -> float:
    if step.timeout is None or state.started_at is None:
        return inf
    return state.started_at + step.timeout


def ended(step: Step, state: StepState, over: JobOver, skew: float) -> JobEnded:
    """The end of a job as an event. One that succeeded after its time was up has failed, if that is beyond doubt: the
    clock of whoever recorded its start may be wrong by ``skew``. All else the machine judges, by what is recorded.
    """
    if over.outcome is Outcome.SUCCEEDED and over.at >= _deadline(step, state) + skew:
        return late(step, JobEnded(state.attempt, Outcome.FAILED, over.at))
    doubt = max(skew, TICK)
    if over.outputs is not None and (wrong := misfit(over.outputs)):
        error = f"its outputs cannot be kept: {wrong}"
        return JobEnded(
            state.attempt, Outcome.FAILED, over.at, error=error, cause="outputs", permanent=True, doubt=doubt
        )
    said = over.error and shown(cut(over.error))  # what a worker or a library said may be meant for a terminal
    return JobEnded(
        state.attempt,
        over.outcome,
        over.at,
        over.outputs,
        said,
        over.cause,
        over.permanent,
        over.retry_after,
        over.live,
        drained=over.drained,
        doubt=doubt,
        interruption=over.interruption,
    )
