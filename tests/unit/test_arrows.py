"""The machine makes the transitions of the table, all of them and no others, and so does the diagram of the page."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from orchestrator.core.arrows import ARROWS
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import Control, Hold
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
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.machine import evolve
from orchestrator.core.model import FINAL, MARKS, PENDING, Status, StepState, Stop
from orchestrator.core.pools import Wait
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import OnFailure, Retry, Step, Work
from tests.lifecycle import PAGE, page

PLANS = [
    compile_plan("one", "v1", (Step("a", retry=Retry(2, 60.0), timeout=90.0, on_failure=on_failure),))
    for on_failure in OnFailure
]
LIMITED = Step("a", after=("b", "c"), trigger=TriggerRule.ALL_DONE_WITHIN, timeout=90.0, within=60.0)
PLANS.append(compile_plan("limited", "v1", (LIMITED, Step("b"), Step("c"))))
MAPPED = Step("a", Work("map", {"over": [1, 2], "max_parallel": 1}), timeout=90.0, inner="i")
PLANS.append(compile_plan("mapped", "v1", (MAPPED,)))
STOP = Stop(40.0, "ann")
STOPS = (STOP, *(Stop(40.0, "ann", mark=mark) for mark in MARKS))
HELD = Control(Hold(10.0, "ann"))


def states() -> Iterator[StepState]:
    """States of each status, as different as ``evolve`` can tell them apart."""
    yield from (
        PENDING,
        replace(PENDING, due=12.0),
        *(replace(PENDING, stop=stop) for stop in STOPS),
        replace(PENDING, control=HELD),
    )
    for status, attempt, stop in product(Status, (1, 2), (None, *STOPS)):
        if stop is not None and status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):
            continue  # it ends then
        state = StepState(status, attempt, job_name="a", claimed_at=10.0, stop=stop)
        yield from (state, replace(state, due=12.0), replace(state, lost=1))
        if not status.final:
            yield replace(state, control=HELD)
        if status is not Status.LAUNCHING:
            begun = replace(state, job="j", started_at=11.0)
            yield from (begun, replace(begun, overdue=30.0))
        if status is Status.SUCCEEDED:
            yield replace(begun, live=True)


def events() -> Iterator[Event]:
    """Events of each kind, for several attempts."""
    yield from (DeadlineEndangered(50.0, 99.0), DeadlineMissed(50.0, -1.0))
    for attempt in (1, 2, 3):
        yield from (LaunchClaimed(attempt, "a", 20.0), LaunchClaimed(attempt, "a", 20.0, over=10.0, lost=True))
        yield from (LaunchUnsent(attempt, 10.0, 20.0), LaunchUnanswered(attempt, 10.0))
        yield PlaceAwaited(attempt, Wait("p", "rank", 20.0, 1, "launches", "{}"))
        yield from (JobLaunched(attempt, "j", 20.0), TimeUp(attempt, 20.0), RetryRequested(attempt, 50.0))
        yield Announced(attempt)
        for outcome, permanent, live in product(Outcome, (False, True), (False, True)):
            end = JobEnd(outcome, 50.0, permanent=permanent, live=live)
            yield from (JobEnded(attempt, end), JobEnded(attempt, end, claimed_at=10.0))
    for status in (Status.SUCCEEDED, Status.SKIPPED, Status.UPSTREAM_FAILED, Status.CANCELLED):
        yield from (StepSettled(status, 50.0, attempt=attempt) for attempt in (1, 2, 3))
    yield from (GatePassed(Tally(succeeded=1), 50.0, whole=False), WaitLimited(60.0), WaitOver())
    yield from (GatePassed(Tally(), 50.0), *map(StopRequested, STOPS))
    yield LimitsSet(50.0, max_parallel=2, tolerate=1)
    yield from (HoldRequested(Hold(50.0)), HoldReleased(50.0), HoldReleased(50.0, of=10.0))


def test_the_machine_makes_the_transitions_of_the_table_and_no_others():
    made = {
        (state.status, type(event), transition.state.status)
        for plan, state, event in product(PLANS, states(), events())
        if (transition := evolve(plan, 0, state, event)) is not None
    }
    assert made == {(arrow.source, arrow.event, arrow.target) for arrow in ARROWS}


def test_each_transition_is_in_the_table_once_and_every_status_that_is_not_final_has_a_way_out():
    found = [(arrow.source, arrow.event, arrow.target) for arrow in ARROWS]
    assert len(found) == len(set(found))
    assert {arrow.source for arrow in ARROWS if arrow.target is not arrow.source} == set(Status) - FINAL


def test_the_diagram_of_the_page_is_made_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make lifecycle"
