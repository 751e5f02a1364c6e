"""What the end of a job means for its step: the step ends too, or there is another attempt, and when. Pure."""

from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import assert_never

from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.joins import final
from orchestrator.core.limits import limits_set
from orchestrator.core.model import MARKED, OPERATOR, Status, StepState, Transition
from orchestrator.core.past_attempts import MAX_PAST, MAX_PAST_ERROR, Past
from orchestrator.core.plan import Plan
from orchestrator.core.steps import OnFailure, Step
from orchestrator.text import cut

#: How many attempts of a step may be interrupted without counting as retries.
MAX_INTERRUPTIONS = 100

#: The same for interruptions that we did not cause: a job that takes its machine down must not be repeated for ever.
#: Fewer if its process was seen to end without an exit status, because then the process itself is probably the cause.
MAX_UNASKED, MAX_VANISHED = 20, 5

#: How many attempts of a step may find no quota: as many as there are in a month.
MAX_NO_QUOTA = 10_000

#: The ``cause`` of such an attempt.
QUOTA = "quota"

#: Seconds until the next one: doubled each time, up to the second number.
_FIRST_NO_QUOTA, _LAST_NO_QUOTA = 30.0, 300.0

#: What is told of an attempt that was over, without an end of its own, before a cancellation reached it.
INTERRUPTED = "it was interrupted"

#: Seconds to wait after such an interruption: doubled each time, up to the second number.
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 600.0


def ended(plan: Plan, node: int, state: StepState, event: JobEnded) -> Transition | None:
    """What ``event`` changes in ``state``. A launching attempt can end too: its launch may not be recorded yet."""
    if event.attempt != state.attempt or _outdated(state, event):
        return None
    if state.live and not event.end.live:  # the step had ended, and now its job has
        return Transition(replace(state, live=False, error=_short(event.end.error), ended_by=event.by))
    if not state.status.active:
        return None
    step = plan.steps[node]
    end = _judged(step, state, event)
    started = state.started_at if state.started_at is not None else state.claimed_at
    at = _not_before(started, end.at)
    told = {"error": _short(end.error), "cause": end.cause, "ended_by": event.by}
    over = partial(replace, state, started_at=started, ended_at=at, due=None, lost=0, **told)
    match end.outcome:
        case Outcome.SUCCEEDED:
            return final(plan, node, over(status=Status.SUCCEEDED, outputs=end.outputs, live=end.live))
        case Outcome.CANCELLED | Outcome.INTERRUPTED if state.stop is not None:
            lost = INTERRUPTED if end.outcome is Outcome.INTERRUPTED else None
            return final(plan, node, cancelled(over(outputs=end.outputs, error=_short(end.error) or lost), at))
        case Outcome.CANCELLED:  # somebody stopped the job outside of the orchestrator
            return _lost(plan, node, over(status=Status.CANCELLED))
        case Outcome.INTERRUPTED if end.interruption is Interruption.QUOTA:
            counts = {"interruptions": state.interruptions + 1, "quota": state.quota + 1}
            waiting = over(status=Status.UP_FOR_RETRY, due=at + _until_quota(state), **counts)
            return Transition(waiting) if state.quota < MAX_NO_QUOTA else _lost(plan, node, over(status=Status.FAILED))
        case Outcome.INTERRUPTED:
            if (worn := _worn(state, end.interruption)) is not None:
                return _lost(plan, node, over(status=Status.FAILED, error=worn, cause="interrupted"))
            asked = end.interruption is Interruption.ASKED
            pause = 0.0 if asked else min(_FIRST_PAUSE * 2.0**state.unasked, _LAST_PAUSE)
            counts = {"interruptions": state.interruptions + 1, "unasked": state.unasked + (not asked)}
            return Transition(over(status=Status.UP_FOR_RETRY, due=at + pause, **counts))
        case Outcome.FAILED:
            forgiven = state.control.forgiven if state.control is not None else 0
            failures = state.attempt - state.interruptions - forgiven
            if failures < step.retry.attempts and not end.permanent and state.stop is None:
                wait = max(step.retry.wait(failures), end.retry_after)
                return Transition(over(status=Status.UP_FOR_RETRY, due=at + wait))
            return _lost(plan, node, over(status=Status.FAILED))
        case _:
            assert_never(end.outcome)


def _until_quota(state: StepState) -> float:
    """Seconds until the next try after an attempt for which there was no quota: more, the more there were in a row."""
    before = takewhile(lambda past: past.cause == QUOTA and past.job is None, reversed(state.past))
    return min(_FIRST_NO_QUOTA * 2.0 ** sum(1 for _ in before), _LAST_NO_QUOTA)


def no_quota(state: StepState) -> bool:
    """Whether the step waits because there was no quota for its latest attempt."""
    return state.status is Status.UP_FOR_RETRY and state.quota > 0 and state.cause == QUOTA and state.job is None


def _lost(plan: Plan, node: int, state: StepState) -> Transition:
    """No attempt is left: the step failed or, with ``on_failure: hold``, needs attention and arrives at no join yet.

    What was cancelled needs nobody any more.
    """
    if plan.steps[node].on_failure is OnFailure.HOLD and state.stop is None:
        return Transition(replace(state, status=Status.NEEDS_ATTENTION))
    return final(plan, node, state)


def _worn(state: StepState, interruption: Interruption) -> str | None:
    """Why there is no further attempt after an interrupted one; None if there is."""
    if state.interruptions - state.quota >= MAX_INTERRUPTIONS:
        return f"interrupted {state.interruptions - state.quota + 1} times"
    most = MAX_VANISHED if interruption is Interruption.VANISHED else MAX_UNASKED
    if interruption is Interruption.ASKED or state.unasked < most:
        return None
    return f"its process was gone {state.unasked + 1} times, and nothing says how it ended"


def _judged(step: Step, state: StepState, event: JobEnded) -> JobEnd:
    """How the job ended, considering why it was asked to stop: a cancellation, or its timeout.

    It may have ended by itself before it was asked, so an end counts as a timeout only if it was clearly not earlier.
    """
    end = event.end
    if state.stop is not None:
        error = "its job was drained" if end.drained else end.error
        settled = end.drained or state.stop.mark is not None
        return replace(end, outcome=Outcome.CANCELLED, error=error) if settled else end
    asked = state.overdue is not None and end.at >= state.overdue - event.doubt
    return late(step, end.at) if asked and end.outcome in (Outcome.CANCELLED, Outcome.FAILED) else end


def late(step: Step, at: float) -> JobEnd:
    """The end of an attempt that exceeded its timeout."""
    return JobEnd(Outcome.FAILED, at, error=f"took longer than its timeout of {step.timeout:g} s", cause="timeout")


def cancelled(state: StepState, at: float) -> StepState:
    """The state of a step that ends at ``at`` because somebody cancelled or marked it."""
    ended_at, stop = _not_before(state.started_at, at), state.stop
    if stop is not None and stop.mark is not None:
        left = state.outputs if stop.outputs is None else stop.outputs
        outputs = left if stop.mark is Status.SUCCEEDED else None
        return replace(state, status=stop.mark, ended_at=ended_at, due=None, outputs=outputs, cause=MARKED)
    waited = state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION)
    lost = waited and state.error is None and state.cause is None
    error = INTERRUPTED if lost else state.error
    if waited and not lost:  # what it ended with, it was not cancelled for
        error = f"it had {'found no quota' if no_quota(state) else 'failed'}: {state.error or state.cause}"
    return replace(
        state, status=Status.CANCELLED, ended_at=ended_at, due=None, outputs=None, error=error, cause=OPERATOR
    )


def remembered(state: StepState) -> tuple[Past, ...]:
    """The past of a step whose next attempt begins."""
    error = None if state.error is None else cut(state.error, MAX_PAST_ERROR)
    times = state.claimed_at, state.started_at, state.ended_at
    return (*state.past, Past(state.attempt, *times, state.job, error, state.cause))[-MAX_PAST:]


def _outdated(state: StepState, event: JobEnded) -> bool:
    """Whether ``event`` ends an attempt during its launch, but meanwhile somebody else launches it or it has a job; or
    was judged by limits that somebody has set anew.
    """
    if event.end.limits is not None and event.end.limits != limits_set(state).version:
        return True
    launching = state.status is Status.LAUNCHING and state.claimed_at == event.claimed_at
    return event.claimed_at is not None and not launching


def _short(error: str | None) -> str | None:
    """``error``, cut to what is stored: a state is one document, and a service's message may have any length."""
    return None if error is None else cut(error)


def _not_before(started: float | None, at: float) -> float:
    """``at``, but not before ``started``: the two come from different clocks, and a start is recorded a moment late."""
    return at if started is None else max(at, started)
