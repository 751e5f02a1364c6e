"""The state machine: what an event changes, and what is owed in a state. Pure.

``evolve`` returns the one atomic write that an event makes, or None if it changes nothing (a duplicate, or too late).
``owed`` computes from the state alone what must be put on the queue. It is called after every commit, after every
refused commit, at the start of a run and by a sweep. Its answer may be paid any number of times, because effects have
deterministic names and ``evolve`` refuses outdated events. docs/design.md explains why that is enough. What the end
of a job changes is in retries.py, joins are in joins.py and early_joins.py, and arrows.py lists all transitions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from orchestrator.core import deadlines, early_joins
from orchestrator.core.control import NO_CONTROL, Act
from orchestrator.core.control_events import allowed, controlled
from orchestrator.core.events import (
    Announced,
    DeadlineEndangered,
    DeadlineMissed,
    Event,
    GatePassed,
    HoldReleased,
    HoldRequested,
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    LaunchUnanswered,
    LaunchUnsent,
    LimitsSet,
    PlaceAwaited,
    RetryRequested,
    StepSettled,
    StopRequested,
    TimeUp,
    WaitLimited,
    WaitOver,
)
from orchestrator.core.job_end import Outcome
from orchestrator.core.joins import decide, final, join_at
from orchestrator.core.messages import STOP, Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import MARKED, OPERATOR, RunStatus, Status, StepState, Transition, View
from orchestrator.core.past_attempts import MAX_PAST, Queued
from orchestrator.core.plan import Plan, Role
from orchestrator.core.pool_moves import with_moves
from orchestrator.core.retries import cancelled, ended, remembered
from orchestrator.core.rules import Verdict

#: How many processes in a row may disappear while launching an attempt. A launch that kills its caller must come to an
#: end too.
MAX_LOST = 20

#: The ``cause`` of a step that its join did not let run.
TRIGGER = "trigger"


def evolve(plan: Plan, node: int, state: StepState, event: Event, moves: bool = True) -> Transition | None:
    """What ``event`` changes at ``node`` in ``state``; None if nothing: it is a duplicate, too late or too early.

    ``moves``: also compute what it changes in pools. (Steps without a pool pay for no call.)
    """
    if moves and (
        state.places or state.waits is not None or getattr(event, "places", ()) or isinstance(event, PlaceAwaited)
    ):
        return with_moves(state, evolve(plan, node, state, event, moves=False))
    if plan.nodes[node].role is Role.KEPT:  # it has ended in an earlier run, also if its record is gone
        return None
    match event:
        case LaunchClaimed():
            return _claimed(state, event)
        case LaunchUnsent() | LaunchUnanswered() | PlaceAwaited():
            return _not_launched(state, event)
        case JobLaunched() | TimeUp() | Announced() | DeadlineEndangered() | DeadlineMissed():
            return _noted(state, event)
        case JobEnded():
            return ended(plan, node, state, event) if node < len(plan.steps) else _over(state, event)
        case StepSettled():
            return _settled(plan, node, state, event)
        case GatePassed():
            return early_joins.gate_passed(plan, node, state, event)
        case WaitLimited() | WaitOver():
            return early_joins.limited(plan, node, state, event)
        case StopRequested():
            return _stopped(plan, node, state, event)
        case HoldRequested() | HoldReleased() | RetryRequested() | LimitsSet():
            return controlled(plan, node, state, event)
        case _:
            assert_never(event)


def _claimed(state: StepState, event: LaunchClaimed) -> Transition | None:
    if not may_claim(state, event.attempt) and not _takes_over(state, event):
        return None
    return Transition(
        StepState(
            Status.LAUNCHING,
            attempt=event.attempt,
            interruptions=state.interruptions,
            unasked=state.unasked,
            quota=state.quota,
            job_name=event.job_name,
            claimed_at=event.at,
            stop=state.stop,
            lost=0 if event.over is None else _lost(state, event),
            control=state.control,
            places=state.places if event.over is not None else event.places,
            past=state.past if event.over is not None or not state.attempt else remembered(state),
            announced=state.announced,
            endangered_at=state.endangered_at,
            forecast=state.forecast,
            missed_at=state.missed_at,
            queued=state.queued,
        )
    )


def _over(state: StepState, event: JobEnded) -> Transition | None:
    """The run is not active any more: it has ended, or no process drives it, and it has to wait for a place again.

    What has a place among the active runs of a graph is the end of the run; its attempt is the run's activity.
    """
    if not state.status.active or state.attempt != event.attempt:
        return None
    ends = event.end.outcome is Outcome.SUCCEEDED
    return Transition(replace(state, status=Status.SUCCEEDED if ends else Status.UP_FOR_RETRY, ended_at=event.end.at))


def may_claim(state: StepState, attempt: int) -> bool:
    """Whether ``attempt`` is the one owed next, nobody has claimed it, and the step is neither cancelled nor held."""
    waiting = state.status in (Status.PENDING, Status.UP_FOR_RETRY) and state.stop is None
    free = state.control is None or state.control.hold is None
    return waiting and free and attempt == state.attempt + 1


def _takes_over(state: StepState, event: LaunchClaimed) -> bool:
    """Whether the claim that ``event`` takes over is still the newest, so that only one process can take it over."""
    launching = state.status is Status.LAUNCHING and state.attempt == event.attempt
    return launching and event.over is not None and state.claimed_at == event.over


def _lost(state: StepState, event: LaunchClaimed) -> int:
    """The ``lost`` of a state after a claim was taken over; unchanged if its owner gave it up or renewed it itself."""
    return state.lost + 1 if event.lost and state.due is None else state.lost


def _not_launched(state: StepState, event: LaunchUnsent | LaunchUnanswered | PlaceAwaited) -> Transition | None:
    """Keep the claim, but if nothing was sent, let others take it over at once. Only the claim's owner may do so.

    Without a claim, the step waits in line for a place, unless it stands there already.
    """
    if isinstance(event, PlaceAwaited):
        there = state.waits is not None and state.waits.pool == event.wait.pool
        if there or not may_claim(state, event.attempt):
            return None
        queued = (*state.queued, Queued(event.attempt, event.wait.pool, event.wait.since))[-MAX_PAST:]
        return Transition(replace(state, waits=event.wait, queued=queued))
    mine = state.attempt == event.attempt and state.claimed_at == event.claimed_at
    if state.status is not Status.LAUNCHING or not mine:
        return None
    if isinstance(event, LaunchUnsent):
        return Transition(replace(state, due=event.at, lost=0)) if state.due is None else None
    return Transition(replace(state, lost=0)) if state.lost else None


def may_settle(state: StepState, event: StepSettled) -> bool:
    """Whether the step may end without a job: no attempt is going on, and it ends as cancelled only if somebody
    cancelled it.

    A held step may be ended by its join, but not by its launch. What is tried again may only be ended by its launch.
    """
    again = state.status is Status.UP_FOR_RETRY and event.status in (Status.SUCCEEDED, Status.SKIPPED)
    waits = (state.status is Status.PENDING or again) and event.attempt == state.attempt + 1
    asked = event.status is not Status.CANCELLED or state.stop is not None
    free = state.control is None or state.control.hold is None or state.stop is not None or event.cause == TRIGGER
    return waits and asked and free


def _settled(plan: Plan, node: int, state: StepState, event: StepSettled) -> Transition | None:
    """A mark counts for a step that may run. If its rule says no, the steps after it must learn so."""
    if not may_settle(state, event):
        return None
    if state.stop is not None and (state.stop.mark is None or event.cause != TRIGGER):
        return final(plan, node, cancelled(state, event.at))
    settled = replace(state, status=event.status, ended_at=event.at, due=None, error=None, cause=event.cause)
    return final(plan, node, settled)


def _stopped(plan: Plan, node: int, state: StepState, event: StopRequested) -> Transition | None:
    """If no attempt is going on, end the step now. Otherwise record the request; then the state owes what it asks for.

    A step that has succeeded while its job keeps running records a cancellation too, and stays succeeded.
    """
    stop = event.stop
    if (state.status.final and not (state.live and stop.mark is None)) or state.stop is not None:
        return None
    stopped = replace(state, stop=stop)
    if stop.mark is not None:
        noted = (state.control or NO_CONTROL).noted(Act(f"marked {stop.mark}", stop.at, stop.by, stop.why))
        stopped = replace(stopped, control=noted)
    if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):
        return final(plan, node, cancelled(stopped, event.stop.at))
    return Transition(stopped)


def _launched(state: StepState, event: JobLaunched) -> Transition | None:
    if state.status is not Status.LAUNCHING or event.attempt != state.attempt:
        return None
    return Transition(replace(state, status=Status.RUNNING, job=event.job, started_at=event.at, due=event.due, lost=0))


def _overdue(state: StepState, event: TimeUp) -> Transition | None:
    """Record the timeout, unless the step was cancelled before: the first reason to stop a job is what counts."""
    asked = state.stop is not None or state.overdue is not None
    if state.status is not Status.RUNNING or state.attempt != event.attempt or asked:
        return None
    return Transition(replace(state, overdue=event.at))


def _noted(
    state: StepState, event: JobLaunched | TimeUp | Announced | DeadlineEndangered | DeadlineMissed
) -> Transition | None:
    match event:
        case DeadlineEndangered() | DeadlineMissed():
            return deadlines.changed(state, event)
        case JobLaunched():
            return _launched(state, event)
        case TimeUp():
            return _overdue(state, event)
        case Announced():
            return _announced(state, event)
        case never:
            assert_never(never)


def _announced(state: StepState, event: Announced) -> Transition | None:
    """Not of a step that a person has marked meanwhile: its notification, not sent yet, sees that and is not sent."""
    failed = state.status in (Status.FAILED, Status.NEEDS_ATTENTION) and state.cause != MARKED
    due = failed and state.announced < event.attempt == state.attempt
    return Transition(replace(state, announced=event.attempt)) if due else None


def owed(plan: Plan, run: str, view: View, nodes: Iterable[int]) -> Iterator[Effect]:
    """What is owed at ``nodes`` in the state that ``view`` shows. ``run`` is the run's key."""
    for node in nodes:
        if node in view.unreadable or plan.nodes[node].role is Role.KEPT:
            continue
        state = view.state(node)
        if state.control is not None:
            yield from allowed(run, node, state, owed(plan, run, _without_control(plan, node, view), (node,)))
            continue
        match state.status:
            case Status.PENDING:
                yield from _at_join(plan, run, node, view, state)
            case Status.LAUNCHING if node < len(plan.steps):
                yield Launch(run, node, state.attempt)
            case _ if node >= len(plan.steps) and plan.nodes[node].role is Role.END:  # also if it gave its place back
                yield from _at_join(plan, run, node, view, state)
            case Status.RUNNING:
                yield first_check(plan, run, node, state)
                if state.stop is not None:
                    yield Check(run, node, state.attempt, STOP)
            case Status.UP_FOR_RETRY:
                yield Launch(run, node, state.attempt + 1, due=state.due or 0.0)
            case Status.SUCCEEDED if state.stop is not None and state.job is not None:
                yield Check(run, node, state.attempt, STOP) if state.live else Finish(run, after=node)


def urgent_first(plan: Plan, effects: Iterable[Effect]) -> list[Effect]:
    """The effects in the order in which they are to be put: of the launches, those of a higher priority first.

    For a free place goes to who asks first.
    """
    priorities = [step.priority for step in plan.steps]

    def urgency(effect: Effect) -> int:
        return priorities[effect.node] if isinstance(effect, Launch) and effect.node < len(priorities) else 0

    return sorted(effects, key=urgency, reverse=True)


def _at_join(plan: Plan, run: str, node: int, view: View, state: StepState) -> Iterator[Effect]:
    match decide(plan, node, view), plan.nodes[node].role:
        case Verdict.WAIT, _:  # also if it was stopped, so that the run's end still comes last
            if plan.nodes[node].rule in early_joins.RULES:
                yield from early_joins.while_waiting(plan, run, node, view)
        case Verdict.RUN, Role.STEP if state.stop is None:
            yield Launch(run, node, 1)
        case _, Role.STEP:
            yield Skip(run, node)
        case _, Role.GATE | Role.QUIET:
            yield Pass(run, node)
        case _, Role.END:
            yield Finish(run)


def _without_control(plan: Plan, node: int, view: View) -> View:
    """The part of ``view`` that decides what is owed at ``node``, as if the step had no ``control``."""
    join = plan.nodes[node].join
    only = plan.joins[join].only if join is not None else None
    states = {node: replace(view.state(node), control=None)}
    return replace(view, states=states if only is None else {only: view.state(only), **states})


def first_check(plan: Plan, run: str, node: int, state: StepState) -> Check:
    """The first check of the watchdog, which happens even if no signal ever comes."""
    step, start = plan.steps[node], state.started_at or 0.0
    due = start + (step.check.every if step.timeout is None else min(step.check.every, step.timeout))
    return Check(run, node, state.attempt, due=due if state.due is None else min(due, state.due))


def settled(plan: Plan, node: int, view: View, at: float) -> StepSettled | None:
    """The event that ends a step which its join does not let run; None if the verdict is to wait.

    If the verdict is to run, the event is a cancellation, which ``evolve`` refuses for a step that was not cancelled.
    """
    match decide(plan, node, view):
        case Verdict.SKIP:
            return StepSettled(Status.SKIPPED, at, cause=TRIGGER)
        case Verdict.UPSTREAM_FAILED:
            return StepSettled(Status.UPSTREAM_FAILED, at, cause=TRIGGER)
        case Verdict.RUN:
            return StepSettled(Status.CANCELLED, at, cause=OPERATOR)
        case Verdict.WAIT:
            return None
        case never:
            assert_never(never)


def run_status(plan: Plan, view: View) -> RunStatus:
    """The status of the run, from the join at its end, where the steps arrive that decide it."""
    join = join_at(plan, plan.end, view)
    if join.pending:
        return RunStatus.RUNNING
    return RunStatus.FAILED if join.broken else RunStatus.SUCCEEDED
