"""Holding and releasing: what no attempt begins in spite of, what is owed afterwards, and until when a hold lasts."""

import time
from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.core import machine
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import MAX_ACTS, Act, Control, Hold
from orchestrator.core.events import HoldReleased, HoldRequested, StepSettled
from orchestrator.core.job_end import Outcome
from orchestrator.core.messages import Launch, Release, Skip
from orchestrator.core.model import Run, RunStatus, Status, StepState, Stop, View
from orchestrator.core.steps import Retry, Step
from orchestrator.errors import BackendError, UsageError
from orchestrator.jobs.scripted import Script
from orchestrator.operations.control.arguments import MAX_WHY, moment, needed_reason, next_day, reason
from orchestrator.operations.control.hold_and_release import hold
from orchestrator.operations.requests import HoldAsked, Person
from orchestrator.ports import CHECKS, LAUNCHES
from orchestrator.reporting.found import Found
from orchestrator.reporting.held import half_held, held_by, hold_of
from tests.unit.engine_world import JOB, KEY, STOP, World

HOLD = Hold(5.0, "ann", "not yet")
RELEASE = HoldReleased(9.0, "bob", "now")


def perform_due(world: World) -> None:
    for effect in world.due():
        world.engine.perform(effect)


def run_dry(world: World) -> None:
    """Deliver everything, moving the clock on, until nothing is on the queue."""
    while (following := world.queue.next_due([KEY], [CHECKS, LAUNCHES])) is not None:
        world.now = max(world.now, following)
        perform_due(world)


def test_a_held_step_begins_nothing_until_it_is_released_though_its_launch_was_refused(world):
    """Its launch had the name that the next would have, and no queue takes a name twice."""
    chain = world(Step("a", JOB), Step("b", JOB, after=("a",)))
    chain.start()
    chain.engine.control(KEY, HoldRequested(HOLD), [1])
    run_dry(chain)
    assert chain.statuses() == {"a": "succeeded", "b": "pending"}
    done = chain.engine.control(KEY, RELEASE)
    assert [node for node, commit in done.items() if commit.applied] == [1]
    run_dry(chain)
    assert chain.store.get_run(KEY).status is RunStatus.SUCCEEDED
    acts = (Act("held", 5.0, "ann", "not yet"), Act("released", 9.0, "bob", "now"))
    assert chain.store.load_all(KEY).state(1).control == Control(None, 1, 9.0, acts=acts)


def test_a_running_step_that_is_held_ends_its_attempt_and_begins_no_other(world):
    one = world(Step("a", JOB, retry=Retry(2, 0.0)), **{"a 1": Script(5.0, Outcome.FAILED)})
    one.start()
    perform_due(one)
    one.engine.control(KEY, HoldRequested(HOLD))
    run_dry(one)
    assert one.statuses() == {"a": "up_for_retry"}
    one.engine.control(KEY, RELEASE)
    assert one.finish() is RunStatus.SUCCEEDED


def test_a_step_without_a_job_that_is_held_does_not_succeed(world):
    one = world(Step("a"), Step("b", after=("a",)))
    one.start()
    one.engine.control(KEY, HoldRequested(HOLD), [0])
    run_dry(one)
    assert one.statuses() == {"a": "pending", "b": "pending"}
    one.engine.control(KEY, RELEASE)
    assert one.finish() is RunStatus.SUCCEEDED


def test_a_held_step_is_not_skipped_by_its_when_and_is_by_its_rule(world):
    steps = Step("a", JOB), Step("b", JOB, after=("a",)), Step("c", when="{{ params.full }}")
    three = world(*steps, a=Script(outcome=Outcome.FAILED))
    three.start()
    three.engine.control(KEY, HoldRequested(HOLD), [1, 2])
    run_dry(three)
    assert three.statuses() == {"a": "failed", "b": "upstream_failed", "c": "pending"}
    three.engine.control(KEY, RELEASE)
    assert three.finish() is RunStatus.FAILED
    assert three.statuses()["c"] == "skipped"


def test_a_held_step_that_is_cancelled_ends_though_nothing_of_it_is_on_the_queue(world):
    one = world(Step("a", JOB))
    one.start()
    one.engine.control(KEY, HoldRequested(HOLD))
    run_dry(one)
    one.engine.cancel(KEY, STOP)
    assert one.finish() is RunStatus.CANCELLED


def test_the_first_who_holds_a_step_does_and_an_order_that_is_repeated_changes_nothing(world):
    one = world(Step("a", JOB))
    one.start()
    first = one.engine.control(KEY, HoldRequested(HOLD))[0]
    again = one.engine.control(KEY, HoldRequested(Hold(6.0, "bob")))[0]
    assert (first.applied, again.applied, again.state) == (True, False, first.state)
    released = one.engine.control(KEY, RELEASE)[0]
    repeated = one.engine.control(KEY, replace(RELEASE, at=10.0))[0]
    assert (released.applied, repeated.applied, repeated.state) == (True, False, released.state)


def test_what_has_ended_or_was_cancelled_cannot_be_held(world):
    pair = world(Step("a", JOB), Step("b", JOB), b=Script(1e6))
    pair.start()
    perform_due(pair)
    pair.engine.cancel(KEY, STOP, [1])
    pair.now = 1.0
    pair.engine.perform(machine.first_check(pair.plan, KEY, 0, pair.store.load_all(KEY).state(0)))
    done = pair.engine.control(KEY, HoldRequested(HOLD))
    assert {node: commit.applied for node, commit in done.items()} == {1: False}
    assert pair.finish() is RunStatus.FAILED
    assert pair.engine.control(KEY, HoldRequested(HOLD)) == {}


def test_a_hold_with_an_end_is_released_then_and_not_before(world):
    one = world(Step("a", JOB))
    one.engine.ledger.clock_skew = 0.0
    one.start()
    one.engine.control(KEY, HoldRequested(replace(HOLD, until=100.0)))
    early = Release(KEY, 0, due=0.0, of=5.0)
    with pytest.raises(BackendError, match="came 100 s early"):
        one.engine.perform(early)
    assert one.finish() is RunStatus.SUCCEEDED
    assert one.now >= 100.0
    assert one.store.load_all(KEY).state(0).control.acts[-1] == Act("released", 100.0)


def test_the_end_of_an_earlier_hold_does_not_end_a_later_one(world):
    one = world(Step("a", JOB))
    one.start()
    one.engine.control(KEY, HoldRequested(replace(HOLD, until=100.0)))
    one.engine.control(KEY, RELEASE)
    one.engine.control(KEY, HoldRequested(Hold(20.0, "bob")))
    run_dry(one)
    assert one.now >= 100.0
    assert one.statuses() == {"a": "pending"}
    assert machine.evolve(one.plan, 0, one.store.load_all(KEY).state(0), HoldReleased(100.0, of=5.0)) is None


def test_a_sweep_pays_the_release_of_a_hold_and_not_the_launch(world):
    one = world(Step("a", JOB))
    one.start()
    one.due()
    one.engine.control(KEY, HoldRequested(replace(HOLD, until=100.0)))
    one.due()
    one.engine.sweep(KEY, "x")
    one.now = 100.0
    assert set(one.due()) == {Release(KEY, 0, due=100.0, of=5.0)}


def test_what_is_owed_with_orders():
    plan = compile_plan("g", "v1", (Step("a", JOB), Step("b", JOB, after=("a",))))

    def owed(node: int, **states: StepState) -> list[object]:
        view = View({plan.numbers[name]: state for name, state in states.items()})
        return list(machine.owed(plan, KEY, view, (node,)))

    held, freed = Control(HOLD), Control(None, 2, 9.0)
    assert owed(0, a=StepState(control=held)) == []
    assert owed(0, a=StepState(control=held, stop=STOP)) == [Skip(KEY, 0)]
    assert owed(0, a=StepState(control=freed)) == [Launch(KEY, 0, 1, releases=2)]
    assert owed(0, a=StepState(Status.UP_FOR_RETRY, 1, due=7.0, control=held)) == []
    assert owed(0, a=StepState(Status.UP_FOR_RETRY, 1, due=7.0, control=freed)) == [Launch(KEY, 0, 2, 7.0, releases=2)]
    assert owed(0, a=StepState(Status.LAUNCHING, 1, control=held)) == [Launch(KEY, 0, 1)]
    failed = StepState(Status.FAILED, 1)
    assert owed(1, a=failed, b=StepState(control=held)) == [Skip(KEY, 1)]
    settled = StepSettled(Status.UPSTREAM_FAILED, 9.0, machine.TRIGGER)
    made = machine.evolve(plan, 1, StepState(control=held), settled)
    assert made is not None
    assert made.state.control == Control()


def test_the_acts_of_people_that_are_kept_are_the_newest():
    plan, state = compile_plan("g", "v1", (Step("a", JOB),)), StepState()
    for number in range(MAX_ACTS):
        for event in (HoldRequested(Hold(float(number))), HoldReleased(number + 0.5)):
            made = machine.evolve(plan, 0, state, event)
            assert made is not None
            state = made.state
    assert state.control is not None
    assert [act.at for act in state.control.acts] == [number / 2 for number in range(MAX_ACTS, 2 * MAX_ACTS)]
    assert state.control.releases == MAX_ACTS


NOON = datetime(2026, 11, 28, 12, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("90m", NOON + 5400.0),
        ("18:00", NOON + 6 * 3600.0),
        ("9:30", NOON + 21.5 * 3600.0),
        ("2026-11-28T18:00", NOON + 6 * 3600.0),
        ("2026-11-29", NOON + 12 * 3600.0),
    ],
)
def test_a_moment_is_a_time_of_day_or_a_date_or_so_much_later(text: str, then: float):
    assert moment(text, NOON) == then


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "2026-11-28T11:00", "-5m", "99999-01-01", "9999-12-31", "2037-01-01", "3651d"]
)
def test_what_is_no_moment_that_is_to_come_is_refused(text: str):
    with pytest.raises(UsageError, match="--until: expected"):
        moment(text, NOON)


def test_a_time_of_day_that_has_passed_means_tomorrows_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        noon = datetime(2026, 11, 28, 12).timestamp()
        assert next_day("18:00", moment("18:00", noon), noon) == ""
        assert next_day("36h", moment("36h", noon), noon) == ""
        assert next_day("9:30", moment("9:30", noon), noon) == (
            "9:30 has passed today, so tomorrow's is meant: 2026-11-29 09:30 CET"
        )
        assert held_by(Hold(noon, "ann", "late", moment("9:30", noon))) == (
            "by ann at 12:00:00 until 2026-11-29 09:30:00 CET: late"
        )
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_reason_that_is_required_is_no_empty_text():
    assert needed_reason(" it is late ") == " it is late "
    for text in ("", "  "):
        with pytest.raises(UsageError, match="--why: expected a reason, got an empty text"):
            needed_reason(text)


def test_a_hold_of_a_run_that_died_halfway_is_shown_and_is_completed_by_the_same_command(world):
    three = world(Step("a", JOB), Step("b", JOB, after=("a",)), Step("c", JOB, after=("b",)))
    three.start()
    three.engine.control(KEY, HoldRequested(HOLD), [0, 1])  # its command was killed before the third

    def half() -> str:
        return half_held(three.plan, three.store.load_all(KEY).states, "r", "")

    assert half() == (
        "2 of the 3 steps that may still begin are held; 'orchestrator hold r --why …' holds the others too"
    )
    again = replace(HOLD, at=HOLD.at + 60.0)
    three.engine.control(KEY, HoldRequested(again))
    states = three.store.load_all(KEY).states
    assert [hold_of(states[node]) for node in range(3)] == [HOLD, HOLD, again]
    assert half() == ""
    three.engine.control(KEY, RELEASE)
    three.engine.control(KEY, HoldRequested(HOLD), [1])  # as people do
    assert half() == ""


def test_a_reason_is_kept_up_to_a_bound():
    assert reason("x" * MAX_WHY) == "x" * MAX_WHY
    assert reason("x" * (MAX_WHY + 1)) == "x" * MAX_WHY + "…"


def test_a_held_step_is_released_though_a_record_beside_it_is_gone(world):
    """The two count as contradictory, and the release silently did nothing: the run was held for ever (72820)."""
    join = world(Step("a", JOB), Step("b", JOB), Step("c", JOB, after=("a", "b")))
    join.start()
    join.engine.control(KEY, HoldRequested(HOLD), [1])
    run_dry(join)
    del join.store._states[KEY][0]  # by hand; the counter before c has counted it
    done = join.engine.control(KEY, RELEASE, [0, 1])
    assert [node for node, commit in done.items() if commit.applied] == [1]
    run_dry(join)
    assert join.statuses()["b"] == "succeeded"
    assert sorted(job.request.step for job in join.jobs.jobs.values()) == ["a", "b", "c"]


def test_a_request_that_was_made_of_another_state_changes_nothing(world):
    pair = world(Step("a", JOB), Step("b", JOB))
    pair.start()
    seen = []

    def unchanged(node: int, state: StepState) -> bool:
        seen.append((node, state.status))
        return node == 1

    done = pair.engine.control(KEY, HoldRequested(HOLD), [0, 1], unchanged)
    assert {node: commit.applied for node, commit in done.items()} == {0: False, 1: True}
    assert {node for node, _ in seen} == {0, 1}
    held = pair.store.load_all(KEY)
    assert (held.state(0).control, held.state(1).control.hold) == (None, HOLD)


def test_a_hold_of_a_step_that_is_marked_says_that_it_was_marked_and_not_cancelled():
    plan = compile_plan("g", "v", (Step("a"),))
    stop = Stop(9.0, "ann", "enough", Status.SUCCEEDED)
    view = View({0: StepState(Status.RUNNING, 1, stop=stop)})
    found = Found(None, Run("r", KEY, "g", "v", {}, 1.0), plan, view)
    done = hold(HoldAsked("x", ("a",)), found, Person("bob", 10.0), lambda *_: {})
    assert done.refused[0].startswith("run r: a cannot be held: it was marked succeeded by ann at ")
