"""Joins that do not wait for all: at the k-th success, or so long after the first arrival; as trees, and in reruns."""

from dataclasses import replace

import pytest

from orchestrator.core.compiler import WIDE, compile_plan
from orchestrator.core.control import Hold
from orchestrator.core.early_joins import gate_passed, limited, passed
from orchestrator.core.events import GatePassed, HoldReleased, HoldRequested, StopRequested, WaitLimited, WaitOver
from orchestrator.core.joins import OVER, join_at
from orchestrator.core.kept_steps import letters, plan_of
from orchestrator.core.machine import owed
from orchestrator.core.messages import Effect, Launch, Limit, Pass, Skip
from orchestrator.core.model import PENDING, Counter, RunStatus, Status, StepState, Stop, Transition, View
from orchestrator.core.plan import Plan, Role
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.core.task_codec import decode, encode
from orchestrator.errors import BackendError
from orchestrator.jobs.scripted import Outcome, Script
from tests.unit.engine_world import KEY, World

JOB = Work("job", {})
STOP = Stop(5.0, "ann", "wrong")


def graph(count: int, *last: Step) -> Plan:
    """So many steps side by side, and what comes after all of them."""
    before = tuple(f"s{number}" for number in range(count))
    return compile_plan(
        "g", "1", [*(Step(name, JOB) for name in before), *(replace(one, after=before) for one in last)]
    )


def at_least(number: int, name: str = "z") -> Step:
    return Step(name, JOB, trigger=TriggerRule.AT_LEAST, at_least=number)


def within(seconds: float, name: str = "z") -> Step:
    return Step(name, JOB, trigger=TriggerRule.ALL_DONE_WITHIN, within=seconds)


def played(plan: Plan, scripts: dict[str, Script]) -> tuple[World, RunStatus, float]:
    """A run to its end, and when its step z was launched. The job of the n-th step takes 10 n seconds."""
    jobs = {step.name: Script(10.0 * (number + 1)) for number, step in enumerate(plan.steps)}
    world = World(plan, {**jobs, **scripts})
    world.start()
    status = world.finish()
    return world, status, world.store.load_all(KEY).state(plan.numbers["z"]).started_at or 0.0


def test_a_step_runs_at_the_third_success_and_the_run_ends_after_all():
    world, status, began = played(graph(5, at_least(3)), {"s1": Script(5.0, Outcome.FAILED)})
    assert began == pytest.approx(40.0, abs=1.0)  # s0, s2 and s3
    assert (status, world.statuses()["s4"]) == (RunStatus.FAILED, "succeeded")
    assert world.store.get_run(KEY).ended_at >= 50.0  # type: ignore[union-attr]


@pytest.mark.parametrize(("bad", "ends"), [(Outcome.FAILED, "upstream_failed"), (Outcome.CANCELLED, "upstream_failed")])
def test_a_step_that_cannot_have_so_many_successes_ends_with_those_before_it(bad: Outcome, ends: str):
    world, status, _ = played(graph(3, at_least(2)), {"s0": Script(1.0, bad), "s1": Script(2.0, bad)})
    assert (world.statuses()["z"], status) == (ends, RunStatus.FAILED)


@pytest.mark.parametrize("count", [WIDE + 1, 3 * WIDE + 5])
def test_a_tree_of_joins_runs_a_step_at_the_same_success(count: int):
    world, status, began = played(graph(count, at_least(20)), {})
    assert (status, began) == (RunStatus.SUCCEEDED, pytest.approx(200.0, abs=1.0))
    counters = world.store.load_all(KEY).counters
    assert max(counter.arrived for counter in counters.values()) <= WIDE + 1
    assert counters[world.plan.nodes[count].join].ended == Tally(succeeded=count)  # type: ignore[index]


@pytest.mark.parametrize("count", [2, WIDE + 1, 3 * WIDE + 5])
def test_a_step_waits_for_a_limited_time_after_the_first(count: int):
    world, status, began = played(graph(count, within(3.0)), {})
    assert (status, began) == (RunStatus.SUCCEEDED, pytest.approx(13.0, abs=1.0))
    assert set(world.statuses().values()) == {"succeeded"}


def test_a_step_whose_time_is_long_runs_when_all_have_ended():
    _, status, began = played(graph(3, within(7200.0)), {"s1": Script(5.0, Outcome.FAILED)})
    assert (status, began) == (RunStatus.FAILED, pytest.approx(30.0, abs=1.0))


FLAT = graph(3, within(60.0))
ONE = Counter(1, Tally(failed=1))


def due_at(plan: Plan, view: View, node: int) -> list[Effect]:
    return list(owed(plan, "k", view, [node]))


def test_the_first_arrival_owes_the_limit_the_limit_its_end_and_that_the_launch():
    join = FLAT.nodes[3].join
    assert join is not None
    assert due_at(FLAT, View(), 3) == []
    assert due_at(FLAT, View({}, {join: ONE}), 3) == [Limit("k", 3)]
    waiting = replace(PENDING, due=70.0)
    assert due_at(FLAT, View({3: waiting}, {join: ONE}), 3) == [Limit("k", 3, due=70.0)]
    over = replace(PENDING, due=OVER)
    assert due_at(FLAT, View({3: over}, {join: ONE}), 3) == [Launch("k", 3, 1)]
    assert due_at(FLAT, View({3: waiting}, {join: Counter(3, Tally(failed=3))}), 3) == [Launch("k", 3, 1)]
    stopped = replace(over, stop=STOP)
    assert due_at(FLAT, View({3: stopped}, {join: ONE}), 3) == [Skip("k", 3)]


def test_a_gate_owes_no_limit_of_a_step_whose_record_cannot_be_trusted():
    tree = graph(40, within(60.0))
    gate = next(number for number, node in enumerate(tree.nodes) if node.role is Role.GATE)
    view = View({}, {tree.nodes[gate].join: ONE})  # type: ignore[dict-item]
    assert due_at(tree, view, gate) == [Limit("k", 40)]
    assert due_at(tree, view.without([40]), gate) == []


def test_the_first_limit_holds_and_only_a_pending_step_is_limited():
    assert limited(FLAT, 3, PENDING, WaitLimited(70.0)) == Transition(replace(PENDING, due=70.0))
    assert limited(FLAT, 3, replace(PENDING, due=70.0), WaitLimited(60.0)) is None
    assert limited(FLAT, 3, StepState(Status.RUNNING, 1), WaitLimited(60.0)) is None
    assert limited(FLAT, 0, PENDING, WaitLimited(60.0)) is None
    assert limited(FLAT, 3, replace(PENDING, due=70.0), WaitOver()) == Transition(replace(PENDING, due=OVER))
    assert [limited(FLAT, 3, state, WaitOver()) for state in (PENDING, replace(PENDING, due=OVER))] == [None, None]


def test_tasks_that_are_owed_for_different_reasons_have_different_names():
    assert [Limit("k", 3).name, Limit("k", 3, due=70.0).name] == ["k-3-limit", "k-3-limit-over"]
    assert [Pass("k", 3).name, Pass("k", 3, early=7).name] == ["k-3-pass", "k-3-pass-7"]
    for effect in (Limit("k", 3), Limit("k", 3, due=70.0), Pass("k", 3, early=7)):
        assert decode(encode(effect)) == effect


TREE = graph(40, at_least(25))
GATE = next(number for number, node in enumerate(TREE.nodes) if node.role is Role.GATE)


def at_gate(succeeded: int, **others: int) -> View:
    join = TREE.nodes[GATE].join
    assert join is not None
    tally = Tally(succeeded, **others)
    return View({}, {join: Counter(succeeded + sum(others.values()), tally)})


def test_a_gate_of_at_least_passes_on_its_successes_so_far_and_each_once():
    view = at_gate(3, failed=2)
    assert due_at(TREE, view, GATE) == [Pass("k", GATE, early=3)]
    some = passed(TREE, GATE, view, 9.0)
    assert some == GatePassed(Tally(succeeded=3), 9.0, whole=False)
    above = TREE.nodes[GATE].arrives
    three = replace(PENDING, passed=Tally(succeeded=3))
    assert gate_passed(TREE, GATE, PENDING, some) == Transition(three, above, Tally(succeeded=3), arrived=0)
    assert gate_passed(TREE, GATE, three, some) is None
    assert due_at(TREE, replace(view, states={GATE: three}), GATE) == []
    whole = passed(TREE, GATE, at_gate(16, failed=4), 20.0)
    assert whole == GatePassed(Tally(16, 4), 20.0)
    ended = StepState(Status.SUCCEEDED, ended_at=20.0, passed=Tally(16, 4))
    assert gate_passed(TREE, GATE, three, whole) == Transition(ended, above, Tally(13, 4))
    assert passed(TREE, GATE, at_gate(0, failed=1), 9.0) is None


def test_in_a_rerun_kept_successes_count_from_the_start():
    kept = plan_of(TREE, letters(TREE, dict.fromkeys(range(24), Status.SUCCEEDED)))
    effects = list(owed(kept, "k", View(), kept.roots))
    gates = [effect for effect in effects if isinstance(effect, Pass)]
    assert [(kept.nodes[one.node].role, one.early) for one in gates] == [(Role.GATE, 4)]  # the other is kept as a whole
    only = kept.joins[kept.nodes[40].join].only  # type: ignore[index]
    assert only == gates[0].node
    view = View({only: replace(PENDING, passed=Tally(succeeded=5))})
    assert join_at(kept, 40, view).ended == Tally(succeeded=25)
    assert due_at(kept, view, 40) == [Launch("k", 40, 1)]


def test_in_a_rerun_the_time_begins_with_the_run():
    kept = plan_of(FLAT, letters(FLAT, {0: Status.SUCCEEDED}))
    assert Limit("k", 3) in list(owed(kept, "k", View(), kept.roots))


def waiting_world() -> World:
    """A run in which s0 has ended at 10, s1 and s2 go on for long, and z waits until 70."""
    world = World(FLAT, {"s0": Script(10.0), "s1": Script(500.0), "s2": Script(900.0)})
    world.start()
    until(world, 30.0)
    assert world.store.load_all(KEY).state(3).due == pytest.approx(70.0, abs=1.0)
    return world


def until(world: World, now: float) -> None:
    """Deliver all that is due until then."""
    while True:
        for effect in world.due():
            world.engine.perform(effect)
        following = world.queue.next_due([KEY], ["checks", "launches"])
        if following is None or following > now:
            break
        world.now = max(world.now, following)
    world.now = now


def test_a_held_step_begins_when_it_is_released_though_its_time_is_up():
    world = waiting_world()
    world.engine.control(KEY, HoldRequested(Hold(30.0)), [3])
    until(world, 200.0)
    assert world.statuses()["z"] == "pending"
    world.engine.control(KEY, HoldReleased(200.0), [3])
    until(world, 201.0)
    assert world.statuses()["z"] in ("running", "succeeded")


@pytest.mark.parametrize(("mark", "ends"), [(None, "cancelled"), (Status.SUCCEEDED, "succeeded")])
def test_a_step_that_was_stopped_ends_when_its_time_is_up(mark: Status | None, ends: str):
    world = waiting_world()
    world.engine.control(KEY, StopRequested(replace(STOP, mark=mark)), [3])
    until(world, 60.0)
    assert world.statuses()["z"] == "pending"
    until(world, 75.0)
    assert (world.statuses()["z"], world.statuses()["s2"]) == (ends, "running")
    assert world.finish() is (RunStatus.FAILED if mark is None else RunStatus.SUCCEEDED)


def test_a_cancelled_run_ends_after_what_it_waited_for():
    world = waiting_world()
    world.engine.cancel(KEY, STOP)
    assert world.finish() is RunStatus.CANCELLED
    assert world.statuses() == {"s0": "succeeded", "s1": "cancelled", "s2": "cancelled", "z": "cancelled"}


def test_a_sweep_puts_what_waits_for_a_limited_time_again_and_for_the_same_time():
    world = waiting_world()
    world.queue.forget(KEY)
    world.engine.sweep(KEY, "e1")
    until(world, 80.0)
    assert world.store.load_all(KEY).state(3).started_at == pytest.approx(70.0, abs=1.0)


def test_a_forged_limit_begins_no_time():
    world = World(FLAT, {"s0": Script(10.0), "s1": Script(500.0), "s2": Script(900.0)})
    world.start()
    world.engine.perform(Limit(KEY, 3))
    assert world.store.load_all(KEY).state(3) == PENDING


def test_the_end_of_a_limited_wait_is_not_believed_before_it_has_come():
    world = waiting_world()
    world.engine.ledger.clock_skew = 0.0
    world.engine.perform(Limit(KEY, 3))
    with pytest.raises(BackendError, match="limit-over came 40 s early"):
        world.engine.perform(Limit(KEY, 3, due=1.0))
    assert world.statuses()["z"] == "pending"


def test_what_has_not_waited_for_all_is_not_launched_again_by_those_that_come_later_though_its_record_is_gone():
    """The launch at the end of the time had another name than the launch that the last arrival owes."""
    world = waiting_world()
    until(world, 80.0)
    del world.store._states[KEY][3]
    assert world.finish() is RunStatus.SUCCEEDED
    assert len([request for request in world.jobs.jobs if "-3-" in request]) == 1
