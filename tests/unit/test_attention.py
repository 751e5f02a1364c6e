"""Steps that are held when they have failed, what people decide about them, and how steps end that somebody marks."""

from dataclasses import replace

import pytest

from orchestrator.core import codec, machine, plan_codec
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import MAX_FORGIVEN, Act, Control, Hold
from orchestrator.core.events import HoldRequested, JobEnded, LaunchClaimed, RetryRequested, StopRequested
from orchestrator.core.invariants import violations
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Launch
from orchestrator.core.model import EMPTY, MARKED, MARKS, RunStatus, Status, StepState, Stop
from orchestrator.core.past_attempts import MAX_PAST, MAX_PAST_ERROR, Past
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import OnFailure, Retry, Step, Work
from orchestrator.engine.checking import GRACE
from orchestrator.engine.rendering import facts_of
from orchestrator.errors import QueueError
from orchestrator.jobs.scripted import Script
from tests.unit.engine_world import JOB, KEY, STOP, BrokenQueue
from tests.unit.test_control import perform_due, run_dry

FAILS = Script(outcome=Outcome.FAILED, error="boom")
HELD = Step("a", JOB, on_failure=OnFailure.HOLD)


def marked(mark: Status, outputs: dict | None = None) -> StopRequested:
    return StopRequested(Stop(5.0, "ann", "by hand", mark, outputs))


def test_a_step_that_has_failed_waits_for_a_person_and_the_rest_goes_on(world):
    three = world(HELD, Step("b", JOB, after=("a",)), Step("c", JOB), a=FAILS)
    told = []
    three.engine.ledger.step_failed = lambda _run, step, state: told.append((step.name, state.status))
    three.start()
    run_dry(three)
    assert three.statuses() == {"a": "needs_attention", "b": "pending", "c": "succeeded"}
    three.engine.control(KEY, HoldRequested(Hold(5.0)), [0])
    assert told == [("a", Status.NEEDS_ATTENTION)]
    assert three.store.get_run(KEY).status is RunStatus.RUNNING


def test_a_retry_gives_all_attempts_again_and_is_given_once(world):
    pair = world(
        replace(HELD, retry=Retry(2, 0.0)), Step("b", JOB, after=("a",)), **{f"a {n}": FAILS for n in (1, 2, 3)}
    )
    pair.start()
    run_dry(pair)
    assert pair.store.load_all(KEY).state(0).attempt == 2
    for _ in range(2):
        pair.engine.control(KEY, RetryRequested(2, 9.0, "ann", "mended"), [0])
    run_dry(pair)
    assert pair.store.get_run(KEY).status is RunStatus.SUCCEEDED
    state = pair.store.load_all(KEY).state(0)
    assert (state.attempt, state.control) == (4, Control(forgiven=2, acts=(Act("retried", 9.0, "ann", "mended"),)))
    assert violations(pair.plan, pair.store.load_all(KEY), RunStatus.SUCCEEDED) == []


@pytest.mark.parametrize(
    ("work", "says", "ends", "cause"),
    [
        (Work(), 1, "succeeded", None),
        (Work(), 2, "skipped", "when"),
        (JOB, 1, "succeeded", None),
        (JOB, 2, "skipped", "when"),
        (Work("job", {"over": "{{ run.deployment.items }}"}), 1, "skipped", EMPTY),
    ],
)
def test_a_retry_ends_a_step_that_has_nothing_to_launch_now(world, work: Work, says: int, ends: str, cause: str | None):
    """Values of the deployment can be mended while a step waits for a person."""
    when = "{{ run.deployment.says == 1 }}"
    pair = world(
        replace(HELD, work=work, when=when, inner="v2" if work.spec else ""),
        Step("b", JOB, ("a",), TriggerRule.ALL_DONE),
    )
    pair.start()
    run_dry(pair)
    assert pair.statuses() == {"a": "needs_attention", "b": "pending"}
    pair.engine.ledger.facts = lambda run: facts_of(run) | {"deployment": {"says": says, "items": []}}
    pair.engine.control(KEY, RetryRequested(1, 9.0, "ann", "mended"), [0])
    run_dry(pair)
    view = pair.store.load_all(KEY)
    assert pair.statuses() == {"a": ends, "b": "succeeded"}
    assert (view.state(0).error, view.state(0).cause) == (None, cause)
    assert violations(pair.plan, view, RunStatus.SUCCEEDED) == []


def test_a_retry_of_an_earlier_attempt_or_after_too_many_changes_nothing():
    plan = compile_plan("g", "v1", (HELD,))
    state = StepState(Status.NEEDS_ATTENTION, MAX_FORGIVEN)
    assert machine.evolve(plan, 0, state, RetryRequested(MAX_FORGIVEN - 1, 9.0)) is None
    assert machine.evolve(plan, 0, state, RetryRequested(MAX_FORGIVEN, 9.0)) is not None
    more = StepState(Status.NEEDS_ATTENTION, MAX_FORGIVEN + 1)
    assert machine.evolve(plan, 0, more, RetryRequested(MAX_FORGIVEN + 1, 9.0)) is None


def test_a_launch_that_is_refused_and_a_job_that_somebody_else_stopped_need_attention_too(world):
    pair = world(HELD, replace(HELD, name="b"), a=Script(outcome=Outcome.CANCELLED))
    pair.engine.ledger.backends["job"].launch = pair.jobs.launch
    pair.start()
    run_dry(pair)
    assert pair.statuses() == {"a": "needs_attention", "b": "succeeded"}
    unheard = world(replace(HELD, when="{{ params.nothing }}"))
    unheard.start()
    run_dry(unheard)
    assert unheard.statuses() == {"a": "needs_attention"}
    unheard.engine.control(KEY, RetryRequested(1, 9.0), [0])
    run_dry(unheard)
    assert unheard.statuses() == {"a": "needs_attention"}
    assert unheard.store.load_all(KEY).state(0).attempt == 2


@pytest.mark.parametrize("mark", MARKS)
def test_what_needs_attention_ends_as_it_is_marked_and_its_successors_go_by_that(world, mark: Status):
    pair = world(HELD, Step("b", JOB, after=("a",)), a=FAILS)
    pair.start()
    run_dry(pair)
    pair.engine.control(KEY, marked(mark), [0])
    status = pair.finish()
    after = {Status.SUCCEEDED: "succeeded", Status.FAILED: "upstream_failed", Status.SKIPPED: "skipped"}[mark]
    assert pair.statuses() == {"a": str(mark), "b": after}
    assert status is (RunStatus.FAILED if mark is Status.FAILED else RunStatus.SUCCEEDED)
    assert violations(pair.plan, pair.store.load_all(KEY), status) == []


def test_a_step_that_waits_is_marked_when_the_steps_before_it_have_ended(world):
    three = world(Step("a", JOB), Step("b", JOB, after=("a",)), Step("c", JOB, after=("b",)), a=Script(50.0))
    three.start()
    perform_due(three)
    three.engine.control(KEY, marked(Status.SUCCEEDED, {"n": 3}), [1])
    assert three.statuses()["b"] == "pending"
    assert three.finish() is RunStatus.SUCCEEDED
    assert three.statuses() == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    state = three.store.load_all(KEY).state(1)
    assert (state.outputs, state.cause, state.attempt) == ({"n": 3}, MARKED, 0)


def test_a_mark_does_not_hide_a_failure_before_the_step(world):
    """The step was succeeded, so nobody told the run's end that the one before it had failed: the run had succeeded."""
    pair = world(Step("a", JOB), Step("b", JOB, after=("a",)), a=FAILS)
    pair.start()
    pair.engine.control(KEY, marked(Status.SUCCEEDED), [1])
    assert pair.finish() is RunStatus.FAILED
    assert pair.statuses() == {"a": "failed", "b": "upstream_failed"}


@pytest.mark.parametrize("mark", MARKS)
def test_a_running_step_is_stopped_and_is_what_was_asked_when_its_job_has_ended(world, mark: Status):
    one = world(
        Step("a", JOB, retry=Retry(3, 0.0)), Step("b", after=("a",), trigger=TriggerRule.ALL_DONE), a=Script(1e6)
    )
    one.start()
    perform_due(one)
    one.engine.control(KEY, marked(mark), [0])
    assert one.statuses()["a"] == "running"
    one.finish()
    assert one.statuses() == {"a": str(mark), "b": "succeeded"}
    assert one.store.load_all(KEY).state(0).ended_at <= 2 * GRACE
    assert one.store.load_all(KEY).state(0).attempt == 1


def test_a_held_step_is_marked_though_nothing_of_it_is_on_the_queue(world):
    one = world(Step("a", JOB))
    one.start()
    one.engine.control(KEY, HoldRequested(Hold(1.0)), [0])
    run_dry(one)
    one.engine.control(KEY, marked(Status.SKIPPED), [0])
    assert one.finish() is RunStatus.SUCCEEDED
    assert one.statuses() == {"a": "skipped"}


def test_what_was_cancelled_or_has_ended_cannot_be_marked_and_the_first_mark_stays(world):
    pair = world(Step("a", JOB), Step("b", JOB), a=Script(1e6), b=Script(1e6))
    pair.start()
    perform_due(pair)
    pair.engine.cancel(KEY, STOP, [0])
    assert not pair.engine.control(KEY, marked(Status.SUCCEEDED), [0])[0].applied
    assert pair.engine.control(KEY, marked(Status.SUCCEEDED), [1])[1].applied
    assert not pair.engine.control(KEY, marked(Status.FAILED), [1])[1].applied
    pair.engine.cancel(KEY, STOP)
    pair.finish()
    assert pair.statuses() == {"a": "cancelled", "b": "succeeded"}
    assert pair.engine.control(KEY, marked(Status.FAILED), [1]) == {}


def test_a_step_whose_job_goes_on_though_it_has_succeeded_cannot_be_marked():
    plan = compile_plan("g", "v1", (Step("a", JOB),))
    live = StepState(
        Status.SUCCEEDED, 1, job_name="n", job="j", claimed_at=1.0, started_at=1.0, ended_at=2.0, live=True
    )
    assert machine.evolve(plan, 0, live, marked(Status.FAILED)) is None
    assert machine.evolve(plan, 0, live, StopRequested(STOP)) is not None


RUNNING = StepState(Status.RUNNING, 1, job_name="n", job="j", claimed_at=1.0, started_at=1.0)


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED, Outcome.INTERRUPTED])
@pytest.mark.parametrize("mark", MARKS)
def test_however_the_job_of_a_marked_step_ends_the_step_ends_as_it_was_marked(mark: Status, outcome: Outcome):
    state = replace(RUNNING, stop=marked(mark).stop)
    made = machine.evolve(compile_plan("g", "v1", (HELD,)), 0, state, JobEnded(1, JobEnd(outcome, 9.0)))
    assert made is not None
    assert (made.state.status, made.state.cause, made.state.ended_at) == (mark, MARKED, 9.0)


def test_what_fails_while_it_is_cancelled_needs_nobody():
    state, failed = replace(RUNNING, stop=STOP), JobEnded(1, JobEnd(Outcome.FAILED, 9.0))
    made = machine.evolve(compile_plan("g", "v1", (HELD,)), 0, state, failed)
    assert made is not None
    assert made.state.status is Status.FAILED


def test_a_cancelled_run_takes_what_needs_attention_with_it(world):
    pair = world(HELD, Step("b", JOB, after=("a",)), a=FAILS)
    pair.start()
    run_dry(pair)
    pair.engine.cancel(KEY, STOP)
    assert pair.finish() is RunStatus.CANCELLED
    assert pair.statuses() == {"a": "cancelled", "b": "cancelled"}


def test_what_is_marked_and_held_survives_being_stored_and_says_who_may_read_it():
    states = [
        StepState(Status.NEEDS_ATTENTION, 1, job_name="n", claimed_at=1.0, started_at=1.0, ended_at=2.0, error="boom"),
        StepState(stop=marked(Status.SUCCEEDED, {"n": 3}).stop, control=Control(acts=(Act("marked succeeded", 5.0),))),
    ]
    assert [codec.state_from_json(codec.state_to_json(state)) for state in states] == states
    assert [codec.schema_of(state) for state in states] == [codec.SCHEMA] * 2
    plan = compile_plan("g", "v1", (HELD,))
    assert plan_codec.plan_from_json(plan_codec.plan_to_json(plan)) == plan
    assert (plan_codec.schema_of_plan(plan), plan_codec.schema_of_plan(compile_plan("g", "v1", (Step("a"),)))) == (2, 1)
    with pytest.raises(ValueError, match=r"Stop\.mark: expected succeeded or failed or skipped, got 'running'"):
        codec.state_from_json({"stop": {"at": 1.0, "mark": "running"}})


def test_the_interruptions_before_a_retry_do_not_count():
    worn = replace(RUNNING, status=Status.NEEDS_ATTENTION, attempt=22, interruptions=21, unasked=21, ended_at=9.0)
    made = machine.evolve(compile_plan("g", "v1", (HELD,)), 0, worn, RetryRequested(22, 10.0))
    assert made is not None
    assert (made.state.status, made.state.unasked) == (Status.UP_FOR_RETRY, 0)


def test_what_somebody_marked_is_paid_again_by_whoever_marks_it_again(world):
    """Whoever marked it first may have died before he paid for what comes after it."""
    pair = world(HELD, Step("b", JOB, after=("a",)), a=FAILS)
    pair.start()
    run_dry(pair)
    pair.engine.ledger.queue = broken = BrokenQueue(pair.queue)
    broken.broken = True
    with pytest.raises(QueueError):
        pair.engine.control(KEY, marked(Status.SUCCEEDED), [0])
    broken.broken = False
    pair.engine.control(KEY, marked(Status.SUCCEEDED), [0])
    run_dry(pair)
    assert pair.statuses() == {"a": "succeeded", "b": "succeeded"}


def test_whoever_takes_a_claim_over_keeps_what_is_remembered_of_the_attempts_before():
    plan, past = compile_plan("g", "v1", (HELD,)), (Past(1, 1.0, 1.0, 2.0, "j", "boom", "exit"),)
    claimed = StepState(Status.LAUNCHING, 2, job_name="n", claimed_at=10.0, past=past)
    made = machine.evolve(plan, 0, claimed, LaunchClaimed(2, "n", 90.0, over=10.0))
    assert made is not None
    assert (made.state.claimed_at, made.state.past) == (90.0, past)


def test_the_launch_after_a_retry_is_owed():
    plan = compile_plan("g", "v1", (HELD,))
    state = StepState(Status.NEEDS_ATTENTION, 1, job_name="n", claimed_at=1.0, started_at=1.0, ended_at=2.0)
    made = machine.evolve(plan, 0, state, RetryRequested(1, 9.0))
    assert made is not None
    view = machine.View({0: made.state})
    assert list(machine.owed(plan, KEY, view, (0,))) == [Launch(KEY, 0, 2, 9.0)]
    assert list(machine.owed(plan, KEY, machine.View({0: state}), (0,))) == []


def test_the_attempts_that_are_remembered_are_the_newest(world):
    most = MAX_PAST + 2
    scripts = {f"a {number}": Script(outcome=Outcome.FAILED, error="x" * 600) for number in range(1, most)}
    one = world(Step("a", JOB, retry=Retry(most, 0.0)), **scripts)
    one.start()
    assert one.finish() is RunStatus.SUCCEEDED
    state = one.store.load_all(KEY).state(0)
    assert [past.attempt for past in state.past] == list(range(2, most))
    assert {past.error for past in state.past} == {"x" * MAX_PAST_ERROR + "…"}
    assert codec.state_from_json(codec.state_to_json(state)) == state
    assert violations(one.plan, one.store.load_all(KEY), RunStatus.SUCCEEDED) == []
