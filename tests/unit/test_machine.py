"""The machine: every status against every event, and whole graphs against Airflow."""

from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.early_joins import passed
from orchestrator.core.events import (
    Event,
    GatePassed,
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    LaunchUnanswered,
    LaunchUnsent,
    StepSettled,
    StopRequested,
    TimeUp,
)
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.machine import evolve, owed, run_status, settled
from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import FINAL, Counter, RunStatus, Status, StepState, Stop, Transition, View
from orchestrator.core.past_attempts import Past
from orchestrator.core.plan import FailsOn, Plan
from orchestrator.core.retries import MAX_INTERRUPTIONS
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step
from tests.fixtures import fixture
from tests.real_graphs import shape_of

# a and b meet at c; c waits for both, so their join has a counter. Nodes: a 0, b 1, c 2, the end 3.
JOINED = compile_plan(
    "joined",
    "v1",
    (
        Step("a", retry=Retry(attempts=2, delay=60.0), timeout=90.0, check=CheckPolicy(every=600.0)),
        Step("b"),
        Step("c", after=("a", "b")),
    ),
)
A, B, C, END = range(4)
JOIN = 0

LAUNCHING = StepState(Status.LAUNCHING, attempt=1, job_name="a--k-0-1", claimed_at=10.0)
RUNNING = replace(LAUNCHING, status=Status.RUNNING, job="j1", started_at=11.0)
AGAIN = replace(RUNNING, status=Status.UP_FOR_RETRY, ended_at=50.0, due=110.0, error="boom", cause="exit")

CLAIMED = LaunchClaimed(1, "a--k-0-1", 10.0)
LAUNCHED = JobLaunched(1, "j1", 11.0)
FAILED = JobEnded(1, JobEnd(Outcome.FAILED, 50.0, error="boom", cause="exit"))


def succeeded(attempt: int = 1) -> JobEnded:
    return JobEnded(attempt, JobEnd(Outcome.SUCCEEDED, 50.0, outputs={"rows": 3}))


def test_a_claim_is_written_before_the_launch_and_carries_the_name_to_look_for():
    assert evolve(JOINED, A, StepState(), CLAIMED) == Transition(LAUNCHING)


def test_a_claim_whose_launch_was_not_sent_is_given_up_and_stays_to_be_taken_over():
    unsent = replace(LAUNCHING, due=12.0)
    assert evolve(JOINED, A, LAUNCHING, LaunchUnsent(1, 10.0, 12.0)) == Transition(unsent)
    assert evolve(JOINED, A, unsent, LaunchClaimed(1, "a--k-0-1", 13.0, over=10.0)) == Transition(
        replace(LAUNCHING, claimed_at=13.0)
    )
    assert evolve(JOINED, A, unsent, LAUNCHED) == Transition(RUNNING)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (StepState(), LaunchUnsent(1, 10.0, 12.0)),
        (RUNNING, LaunchUnsent(1, 10.0, 12.0)),
        (replace(LAUNCHING, claimed_at=100.0), LaunchUnsent(1, 10.0, 101.0)),
        (replace(LAUNCHING, attempt=2), LaunchUnsent(1, 10.0, 12.0)),
        (replace(LAUNCHING, due=12.0), LaunchUnsent(1, 10.0, 13.0)),
    ],
    ids=["not claimed", "launched", "taken over", "another attempt", "given up before"],
)
def test_a_claim_of_somebody_else_is_not_given_up(state: StepState, event: LaunchUnsent):
    assert evolve(JOINED, A, state, event) is None


def test_a_job_that_goes_on_after_its_step_has_succeeded_is_remembered():
    ready = JobEnded(1, JobEnd(Outcome.SUCCEEDED, 50.0, live=True))
    after = evolve(JOINED, A, RUNNING, ready)
    assert after is not None
    assert after.state == replace(RUNNING, status=Status.SUCCEEDED, ended_at=50.0, live=True)


def test_a_job_that_goes_on_is_ended_by_no_launch_that_had_been_taken_over():
    """Its launcher stood still, and comes back with an end of its own when the job has long been another's."""
    going = replace(RUNNING, status=Status.SUCCEEDED, ended_at=50.0, live=True)
    late = JobEnded(1, JobEnd(Outcome.FAILED, 90.0, error="refused"), claimed_at=5.0)
    assert evolve(JOINED, A, going, late) is None
    over = evolve(JOINED, A, going, JobEnded(1, JobEnd(Outcome.CANCELLED, 90.0)))
    assert over is not None
    assert over.state == replace(going, live=False)


def test_a_launched_job_is_recorded():
    assert evolve(JOINED, A, LAUNCHING, LAUNCHED) == Transition(RUNNING)


def test_a_success_arrives_at_the_join_in_the_same_commit():
    done = replace(RUNNING, status=Status.SUCCEEDED, ended_at=50.0, outputs={"rows": 3})
    assert evolve(JOINED, A, RUNNING, succeeded()) == Transition(done, (JOIN,), Tally(succeeded=1))


def test_a_completion_may_come_before_its_launch_was_recorded():
    done = replace(LAUNCHING, status=Status.SUCCEEDED, started_at=10.0, ended_at=50.0, outputs={"rows": 3})
    assert evolve(JOINED, A, LAUNCHING, succeeded()) == Transition(done, (JOIN,), Tally(succeeded=1))


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(("state", "started"), [(LAUNCHING, 10.0), (RUNNING, 11.0)], ids=["launching", "running"])
def test_no_step_ends_before_it_starts_whatever_the_clock_of_its_job_says(
    state: StepState, started: float, outcome: Outcome
):
    """The file system's clock is some milliseconds late, Dataflow's is another one, and a quick job is over at once."""
    transition = evolve(JOINED, A, state, JobEnded(1, JobEnd(outcome, 9.951)))
    assert transition is not None
    assert (transition.state.started_at, transition.state.ended_at) == (started, started)
    if outcome is Outcome.INTERRUPTED:
        assert transition.state.due == started + 1.0
    if outcome is Outcome.FAILED:
        assert transition.state.due == started + 60.0


def test_a_step_that_is_cancelled_between_two_attempts_does_not_end_before_it_started_either():
    transition = evolve(JOINED, A, AGAIN, StopRequested(Stop(10.5)))
    assert transition is not None
    assert transition.state.ended_at == 11.0


def test_a_failure_with_attempts_left_is_up_for_retry_and_arrives_nowhere():
    assert evolve(JOINED, A, RUNNING, FAILED) == Transition(AGAIN)


def test_a_retry_waits_at_least_as_long_as_the_cause_of_the_failure_lasts():
    scarce = replace(FAILED, end=replace(FAILED.end, retry_after=600.0))
    assert evolve(JOINED, A, RUNNING, scarce) == Transition(replace(AGAIN, due=650.0))


def test_the_last_failure_arrives_at_the_join():
    second = replace(RUNNING, attempt=2)
    event = replace(FAILED, attempt=2)
    done = replace(second, status=Status.FAILED, ended_at=50.0, error="boom", cause="exit")
    assert evolve(JOINED, A, second, event) == Transition(done, (JOIN,), Tally(failed=1))


def test_a_permanent_failure_is_not_retried():
    transition = evolve(JOINED, A, RUNNING, replace(FAILED, end=replace(FAILED.end, permanent=True)))
    assert transition is not None
    assert transition.state.status is Status.FAILED


LOST = replace(LAUNCHING, lost=2)


@pytest.mark.parametrize(
    ("state", "event", "lost"),
    [
        (LAUNCHING, LaunchClaimed(1, "a--k-0-1", 99.0, over=10.0, lost=True), 1),
        (LOST, LaunchClaimed(1, "a--k-0-1", 99.0, over=10.0, lost=True), 3),
        (LOST, LaunchClaimed(1, "a--k-0-1", 99.0, over=10.0), 2),  # made anew by whoever has it
        (replace(LOST, due=12.0, lost=0), LaunchClaimed(1, "a--k-0-1", 99.0, over=10.0, lost=True), 0),
        (LOST, LaunchUnsent(1, 10.0, 12.0), 0),
        (LOST, LaunchUnanswered(1, 10.0), 0),
        (LOST, LAUNCHED, 0),
        (LOST, FAILED, 0),
        (replace(AGAIN, lost=2), LaunchClaimed(2, "a--k-0-2", 120.0), 0),
    ],
)
def test_those_are_counted_that_were_lost_in_a_row_with_a_launch(state: StepState, event: Event, lost: int):
    transition = evolve(JOINED, A, state, event)
    assert transition is not None
    assert transition.state.lost == lost


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (LAUNCHING, LaunchUnanswered(1, 10.0)),  # nothing to forget
        (replace(LOST, claimed_at=100.0), LaunchUnanswered(1, 10.0)),
        (replace(LOST, attempt=2), LaunchUnanswered(1, 10.0)),
        (replace(LOST, status=Status.RUNNING), LaunchUnanswered(1, 10.0)),
    ],
)
def test_who_had_no_answer_forgets_nobody_else(state: StepState, event: LaunchUnanswered):
    assert evolve(JOINED, A, state, event) is None


def test_an_interruption_of_our_making_is_owed_again_at_once_and_costs_no_retry():
    asked = JobEnded(1, JobEnd(Outcome.INTERRUPTED, 50.0, interruption=Interruption.ASKED))
    interrupted = evolve(JOINED, A, RUNNING, asked)
    assert interrupted == Transition(
        replace(RUNNING, status=Status.UP_FOR_RETRY, interruptions=1, ended_at=50.0, due=50.0)
    )
    second = replace(RUNNING, attempt=2, interruptions=1)
    retried = evolve(JOINED, A, second, replace(FAILED, attempt=2))
    assert retried is not None
    assert retried.state.status is Status.UP_FOR_RETRY


def test_what_is_interrupted_without_end_fails_at_last():
    worn = replace(RUNNING, attempt=101, interruptions=MAX_INTERRUPTIONS)
    transition = evolve(JOINED, A, worn, JobEnded(101, JobEnd(Outcome.INTERRUPTED, 50.0)))
    assert transition is not None
    assert (transition.state.status, transition.state.error) == (Status.FAILED, "interrupted 101 times")


STOP = Stop(60.0, "ann", "wrong input")


@pytest.mark.parametrize("state", [StepState(), LAUNCHING, RUNNING])
def test_a_cancelling_is_written_into_the_state_and_twice_is_nothing(state: StepState):
    stopped = replace(state, stop=STOP)
    assert evolve(JOINED, A, state, StopRequested(STOP)) == Transition(stopped)
    assert evolve(JOINED, A, stopped, StopRequested(Stop(61.0, "bob"))) is None


def test_a_step_that_waits_for_its_retry_ends_when_it_is_cancelled():
    """It was not cancelled because of the error of the attempt before: that is told as what had happened."""
    cancelled = replace(AGAIN, status=Status.CANCELLED, ended_at=60.0, due=None, cause="operator", stop=STOP)
    cancelled = replace(cancelled, error="it had failed: boom")
    assert evolve(JOINED, A, AGAIN, StopRequested(STOP)) == Transition(cancelled, (JOIN,), Tally(failed=1))


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_has_ended_cannot_be_cancelled(status: Status):
    assert evolve(JOINED, A, replace(RUNNING, status=status), StopRequested(STOP)) is None


def test_a_step_that_was_cancelled_before_it_began_ends_as_cancelled_whatever_its_join_says():
    stopped, done = StepState(stop=STOP), StepState(Status.CANCELLED, ended_at=70.0, cause="operator", stop=STOP)
    assert evolve(JOINED, A, stopped, LaunchClaimed(1, "a--k-0-1", 70.0)) is None
    for status in (Status.SKIPPED, Status.UPSTREAM_FAILED, Status.SUCCEEDED, Status.CANCELLED):
        assert evolve(JOINED, A, stopped, StepSettled(status, 70.0)) == Transition(done, (JOIN,), Tally(failed=1))
    assert evolve(JOINED, A, StepState(), StepSettled(Status.CANCELLED, 70.0)) is None


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.INTERRUPTED])
def test_the_job_of_a_step_that_was_cancelled_ends_it_and_what_its_service_said_is_kept(outcome: Outcome):
    done = replace(
        RUNNING, status=Status.CANCELLED, ended_at=70.0, error="job 7 was cancelled", cause="operator", stop=STOP
    )
    event = JobEnded(1, JobEnd(outcome, 70.0, error="job 7 was cancelled", cause="cancelled"))
    assert evolve(JOINED, A, replace(RUNNING, stop=STOP), event) == Transition(done, (JOIN,), Tally(failed=1))


def test_of_an_attempt_that_was_interrupted_before_its_step_was_cancelled_that_is_told():
    """It was told that its job was stopped."""
    found = evolve(JOINED, A, replace(RUNNING, stop=STOP), JobEnded(1, JobEnd(Outcome.INTERRUPTED, 70.0)))
    assert found is not None
    assert (found.state.status, found.state.error) == (Status.CANCELLED, "it was interrupted")
    between = evolve(JOINED, A, RUNNING, JobEnded(1, JobEnd(Outcome.INTERRUPTED, 70.0)))
    assert between is not None
    found = evolve(JOINED, A, between.state, StopRequested(STOP))
    assert found is not None
    assert (found.state.status, found.state.error) == (Status.CANCELLED, "it was interrupted")


def test_a_job_that_fails_while_its_step_is_cancelled_is_not_tried_again():
    done = replace(RUNNING, status=Status.FAILED, ended_at=50.0, error="boom", cause="exit", stop=STOP)
    assert evolve(JOINED, A, replace(RUNNING, stop=STOP), FAILED) == Transition(done, (JOIN,), Tally(failed=1))


def test_a_job_that_succeeds_although_its_step_is_cancelled_has_succeeded():
    done = replace(RUNNING, status=Status.SUCCEEDED, ended_at=50.0, outputs={"rows": 3}, stop=STOP)
    assert evolve(JOINED, A, replace(RUNNING, stop=STOP), succeeded()) == Transition(done, (JOIN,), Tally(succeeded=1))


def test_whoever_takes_a_claim_over_keeps_the_cancelling():
    taken = evolve(JOINED, A, replace(LAUNCHING, stop=STOP), LaunchClaimed(1, "a--k-0-1", 200.0, over=10.0))
    assert taken == Transition(replace(LAUNCHING, claimed_at=200.0, stop=STOP))


def test_a_cancelled_job_counts_as_failed_at_the_join():
    done = replace(RUNNING, status=Status.CANCELLED, ended_at=50.0)
    event = JobEnded(1, JobEnd(Outcome.CANCELLED, 50.0))
    assert evolve(JOINED, A, RUNNING, event) == Transition(done, (JOIN,), Tally(failed=1))


OVERDUE = replace(RUNNING, overdue=102.0)
STOPPED = replace(RUNNING, stop=Stop(40.0, "ann"))


def test_that_a_job_is_asked_because_its_time_is_up_is_written_once_and_not_where_somebody_cancelled():
    assert evolve(JOINED, A, RUNNING, TimeUp(1, 102.0)) == Transition(OVERDUE)
    for state in (OVERDUE, STOPPED, LAUNCHING, AGAIN, replace(RUNNING, attempt=2)):
        assert evolve(JOINED, A, state, TimeUp(1, 103.0)) is None


@pytest.mark.parametrize(
    ("state", "event", "status", "cause"),
    [
        (RUNNING, JobEnded(1, JobEnd(Outcome.CANCELLED, 500.0)), Status.CANCELLED, None),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.CANCELLED, 12.0)), Status.UP_FOR_RETRY, "timeout"),
        (
            OVERDUE,
            JobEnded(1, JobEnd(Outcome.FAILED, 12.0, cause="exit", permanent=True)),
            Status.UP_FOR_RETRY,
            "timeout",
        ),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.FAILED, 92.0, cause="exit"), doubt=10.0), Status.UP_FOR_RETRY, "timeout"),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.FAILED, 91.9, cause="x", permanent=True), doubt=10.0), Status.FAILED, "x"),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.CANCELLED, 91.9), doubt=10.0), Status.CANCELLED, None),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.INTERRUPTED, 500.0)), Status.UP_FOR_RETRY, None),
        (OVERDUE, JobEnded(1, JobEnd(Outcome.SUCCEEDED, 50.0)), Status.SUCCEEDED, None),
        (
            replace(OVERDUE, stop=Stop(110.0)),
            JobEnded(1, JobEnd(Outcome.CANCELLED, 12.0)),
            Status.CANCELLED,
            "operator",
        ),
        (STOPPED, JobEnded(1, JobEnd(Outcome.SUCCEEDED, 50.0, drained=True)), Status.CANCELLED, "operator"),
        (RUNNING, JobEnded(1, JobEnd(Outcome.SUCCEEDED, 50.0, drained=True)), Status.SUCCEEDED, None),
    ],
)
def test_who_stopped_a_job_is_what_was_recorded_unless_it_ended_before_beyond_doubt(state, event, status, cause):
    transition = evolve(JOINED, A, state, event)
    assert transition is not None
    assert (transition.state.status, transition.state.cause) == (status, cause)


def test_a_lone_predecessor_writes_no_counter_because_its_state_says_it_all():
    chain = compile_plan("chain", "v1", (Step("a"), Step("b", after=("a",))))
    transition = evolve(chain, 0, RUNNING, succeeded())
    assert transition is not None
    assert transition.joins == ()
    view = View({0: transition.state})
    assert list(owed(chain, "k", view, [1])) == [Launch("k", 1, 1)]


FINAL = [
    StepState(status, attempt=1, job="j1", job_name="a--k-0-1")
    for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
] + [StepState(status) for status in (Status.SKIPPED, Status.UPSTREAM_FAILED)]

EVENTS = [CLAIMED, LAUNCHED, succeeded(), FAILED, StepSettled(Status.SKIPPED, 9.0), GatePassed(Tally(), 9.0)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", FINAL, ids=lambda state: state.status)
def test_a_final_state_never_changes(state: StepState, event):
    assert evolve(JOINED, A, state, event) is None


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (StepState(), LaunchClaimed(2, "a--k-0-2", 10.0)),
        (StepState(), LAUNCHED),
        (StepState(), succeeded()),
        (LAUNCHING, CLAIMED),
        (LAUNCHING, LaunchClaimed(2, "a--k-0-2", 10.0)),
        (LAUNCHING, JobLaunched(2, "j2", 11.0)),
        (LAUNCHING, StepSettled(Status.SKIPPED, 9.0)),
        (RUNNING, LAUNCHED),
        (RUNNING, succeeded(attempt=2)),
        (replace(RUNNING, attempt=2), succeeded(attempt=1)),
        (RUNNING, GatePassed(Tally(), 9.0)),
        (AGAIN, CLAIMED),
        (AGAIN, succeeded()),
        (StepState(), StepSettled(Status.SUCCEEDED, 9.0, attempt=2)),
        (AGAIN, StepSettled(Status.SKIPPED, 9.0)),
        (AGAIN, StepSettled(Status.SUCCEEDED, 9.0, attempt=3)),
        (AGAIN, StepSettled(Status.UPSTREAM_FAILED, 9.0, attempt=2)),
        (AGAIN, LaunchClaimed(3, "a--k-0-3", 10.0)),
    ],
)
def test_what_is_a_duplicate_or_late_or_early_changes_nothing(state: StepState, event):
    assert evolve(JOINED, A, state, event) is None


def test_a_retry_claims_the_next_attempt_and_remembers_the_last_as_past():
    second = LaunchClaimed(2, "a--k-0-2", 120.0)
    past = (Past(1, AGAIN.claimed_at, AGAIN.started_at, AGAIN.ended_at, AGAIN.job, AGAIN.error, AGAIN.cause),)
    assert evolve(JOINED, A, AGAIN, second) == Transition(
        StepState(Status.LAUNCHING, attempt=2, job_name="a--k-0-2", claimed_at=120.0, past=past)
    )


@pytest.mark.parametrize(
    ("state", "effects"),
    [
        (StepState(), [Launch("k", A, 1)]),
        (LAUNCHING, [Launch("k", A, 1)]),
        (RUNNING, [Check("k", A, 1, due=11.0 + 90.0)]),
        (replace(RUNNING, due=20.0), [Check("k", A, 1, due=20.0)]),
        (AGAIN, [Launch("k", A, 2, due=110.0)]),
        (StepState(Status.SUCCEEDED, attempt=1), []),
    ],
    ids=["pending", "launching", "running", "running until a known time", "up for retry", "final"],
)
def test_what_is_owed_is_a_function_of_the_state(state: StepState, effects: list[Effect]):
    assert list(owed(JOINED, "k", View({A: state}), [A])) == effects


@pytest.mark.parametrize(
    ("counter", "effects"),
    [
        (Counter(), []),
        (Counter(1, Tally(succeeded=1)), []),
        (Counter(1, Tally(failed=1)), []),
        (Counter(2, Tally(succeeded=2)), [Launch("k", C, 1)]),
        (Counter(2, Tally(succeeded=1, failed=1)), [Skip("k", C)]),
        (Counter(2, Tally(skipped=2)), [Skip("k", C)]),
    ],
    ids=[
        "none came",
        "one came",
        "one failed, but a step that will not run is in no hurry",
        "all",
        "a failure",
        "skips",
    ],
)
def test_a_joining_step_is_owed_what_its_counter_says(counter: Counter, effects: list[Effect]):
    assert list(owed(JOINED, "k", View({}, {JOIN: counter}), [C])) == effects


def test_a_step_that_may_not_run_is_settled_as_its_rule_says():
    view = View({}, {JOIN: Counter(2, Tally(succeeded=1, failed=1))})
    assert settled(JOINED, C, view, 9.0) == StepSettled(Status.UPSTREAM_FAILED, 9.0, "trigger")
    view = View({}, {JOIN: Counter(2, Tally(succeeded=1, skipped=1))})
    assert settled(JOINED, C, view, 9.0) == StepSettled(Status.SKIPPED, 9.0, "trigger")
    assert settled(JOINED, C, View(), 9.0) is None


@pytest.mark.parametrize(
    ("status", "run"),
    [
        (Status.SUCCEEDED, RunStatus.SUCCEEDED),
        (Status.SKIPPED, RunStatus.SUCCEEDED),
        (Status.FAILED, RunStatus.FAILED),
        (Status.UPSTREAM_FAILED, RunStatus.FAILED),
        (Status.CANCELLED, RunStatus.FAILED),
        (Status.RUNNING, RunStatus.RUNNING),
    ],
)
def test_the_leaves_decide_how_a_run_ended(status: Status, run: RunStatus):
    view = View({C: StepState(status)})
    assert run_status(JOINED, view) is run
    assert list(owed(JOINED, "k", view, [END])) == ([] if run is RunStatus.RUNNING else [Finish("k")])


# Whole graphs.


def play(plan: Plan, ends: dict[str, Status]) -> dict[str, Status]:
    """Run a plan to its end with nothing but the machine. ``ends``: steps that fail if they run, or that are skipped.

    A step that is to be skipped is skipped whatever its join says, as by Airflow's branch operators.
    """
    states: dict[int, StepState] = {}
    counters: dict[int, Counter] = {}
    todo = list(owed(plan, "k", View(), plan.roots))
    while todo:
        effect = todo.pop()
        if isinstance(effect, Finish) or effect.node in states:
            continue
        transition = _perform(plan, effect, View(states, counters), ends)
        assert transition is not None
        states[effect.node] = transition.state
        for join in transition.joins:
            counter = counters.get(join, Counter())
            counters[join] = Counter(counter.arrived + 1, counter.ended + transition.adds)
        todo += owed(plan, "k", View(states, counters), plan.successors(effect.node))
    return {step.name: states[number].status for number, step in enumerate(plan.steps)}


def _perform(plan: Plan, effect: Effect, view: View, ends: dict[str, Status]) -> Transition | None:
    node = effect.node
    if isinstance(effect, Pass):
        event = passed(plan, node, view, 1.0)
    else:
        forced = ends.get(plan.steps[node].name)
        if forced is Status.FAILED and isinstance(effect, Launch):
            running = StepState(Status.RUNNING, attempt=1, job="j", started_at=1.0)
            return evolve(plan, node, running, JobEnded(1, JobEnd(Outcome.FAILED, 2.0)))
        if forced is Status.SKIPPED:
            event = StepSettled(Status.SKIPPED, 1.0)
        elif isinstance(effect, Launch):
            event = StepSettled(Status.SUCCEEDED, 1.0)
        else:
            event = settled(plan, node, view, 1.0)
    assert event is not None
    return evolve(plan, node, StepState(), event)


def scenario_plan(name: str) -> Plan:
    shape = shape_of(name)
    steps = tuple(
        Step(
            f"s{number}",
            after=tuple(f"s{before}" for before in after),
            trigger=TriggerRule(shape["rules"].get(number, "all_success")),
        )
        for number, after in enumerate(shape["after"])
    )
    return compile_plan(name, "v1", steps, FailsOn.LEAVES)


AIRFLOW = {"failed": Status.FAILED, "skipped": Status.SKIPPED, "upstream_failed": Status.UPSTREAM_FAILED}


def test_whole_graphs_end_as_they_do_in_airflow():
    """Nothing is left out: Airflow's order-sensitive nodes are given there as they are when all upstreams are final."""
    scenarios = fixture("rules/scenarios")["scenarios"]
    for scenario in scenarios:
        plan = scenario_plan(scenario["graph"])
        ends = dict.fromkeys((f"s{number}" for number in scenario["fail"]), Status.FAILED)
        ends |= dict.fromkeys((f"s{number}" for number in scenario["skip"]), Status.SKIPPED)
        expected = {step.name: Status.SUCCEEDED for step in plan.steps}
        expected |= {f"s{number}": AIRFLOW[status] for number, status in scenario["ends"].items()}
        assert play(plan, ends) == expected, (scenario["graph"], scenario["scenario"])
    assert len(scenarios) == 132
