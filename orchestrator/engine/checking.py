"""Checking: the job's real state decides, whatever a signal said. A look that fails never fails the step."""

from typing import assert_never

from orchestrator.core.messages import SIGNAL, SWEEP, Check
from orchestrator.core.model import JobEnded, Outcome, Run, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step
from orchestrator.engine.ledger import Ledger
from orchestrator.ports import CHECKS, JobOver, JobRunning, Task

#: Seconds between the looks at a job that is past its time-out and was asked to stop.
GRACE = 10.0

#: Seconds by which two clocks may differ.
SKEW = 30.0

#: How many looks one signal is worth; after them the watchdog is enough.
SIGNAL_LOOKS = 6


def check(ledger: Ledger, run: Run, plan: Plan, look: Check) -> None:
    """Look at an attempt's job: record its end, or schedule the next look."""
    step = plan.steps[look.node]
    state = ledger.store.load(run.key, (look.node,), ()).state(look.node)
    if state.attempt != look.attempt or not state.status.active:
        return ledger.roll_forward(run, plan, look.node)
    if state.job is None:  # its launch is being recorded, or will be delivered again
        return _look_again(ledger, step, look, state)
    backend = ledger.backend(ledger.work(step).kind)
    match backend.status(state.job):
        case JobOver() as over:
            return ledger.handle(run, plan, look.node, _ended(step, state, over))
        case JobRunning():
            if ledger.clock() >= _deadline(step, state):
                backend.cancel(state.job)
            return _look_again(ledger, step, look, state)
        case never:
            assert_never(never)


def _look_again(ledger: Ledger, step: Step, look: Check, state: StepState) -> None:
    """Schedule the next look under a new name; the name of this one is taken."""
    now = ledger.clock()
    if look.chain.startswith(SWEEP):  # the next sweep looks again; a chain a sweep would add up
        return
    if look.chain == SIGNAL:
        if look.look + 1 >= SIGNAL_LOOKS:
            return
        wait = step.check.delay * 2**look.look
    else:
        left = _deadline(step, state) - now
        wait = min(step.check.every, left if left > 0 else GRACE)
        if state.due is not None and state.due > now:  # a wait of 11 minutes is over after 11, not after 20
            wait = min(wait, state.due - now)
    following = look.next(due=now + wait)
    ledger.queue.put([Task(following.name, CHECKS, following)])


def _deadline(step: Step, state: StepState) -> float:
    if step.timeout is None or state.started_at is None:
        return float("inf")
    return state.started_at + step.timeout


def _ended(step: Step, state: StepState, over: JobOver) -> JobEnded:
    """The end of a job as an event. What we stopped because its time was up has failed, not been cancelled.

    Whoever stopped it may have had a faster clock than the service, so that it seems to have ended too early.
    """
    late = over.at - _deadline(step, state)
    if late >= {Outcome.FAILED: 0.0, Outcome.CANCELLED: -SKEW}.get(over.outcome, float("inf")):
        error = f"took longer than its timeout of {step.timeout:g} s, and was stopped"
        return JobEnded(state.attempt, Outcome.FAILED, over.at, error=error, cause="timeout")
    return JobEnded(state.attempt, over.outcome, over.at, over.outputs, over.error, over.cause, over.hopeless)
