"""What does not add up in a run: it is said, and a sweep lets nothing begin or end because of it."""

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.consistency import confirmed, doubts
from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested
from orchestrator.core.kept_steps import letters, plan_of
from orchestrator.core.messages import Check, Launch, Skip
from orchestrator.core.model import Counter, Status, StepState, Stop, View
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import Step
from orchestrator.engine.consistency import sure_doubts
from orchestrator.errors import ConflictError
from orchestrator.jobs.scripted import Script
from orchestrator.operations.verify import wrong
from orchestrator.ports import CHECKS, LAUNCHES
from tests.unit.engine_world import JOB, KEY, STOP, World

#: 0 a, 1 b and 2 c, side by side; 3 d after them; 4 e after d alone.
STEPS = (Step("a", JOB), Step("b", JOB), Step("c", JOB), Step("d", JOB, ("a", "b", "c")), Step("e", JOB, ("d",)))
PLAN = compile_plan("g", "v1", STEPS)
DONE = StepState(Status.SUCCEEDED, 1, ended_at=1.0)
TWO = Counter(2, Tally(succeeded=2))
LOST = "counters/0: the join before d counts 2 ended: 2 succeeded, and the steps before it say 1 ended: 1 succeeded"


def test_what_adds_up_is_in_no_doubt():
    assert doubts(PLAN, View()) == {}
    assert doubts(PLAN, View({0: DONE, 1: replace(DONE, status=Status.RUNNING)}, {0: replace(TWO, arrived=1)})) != {}
    assert doubts(PLAN, View({0: DONE, 2: DONE}, {0: TWO})) == {}


def test_what_a_gate_has_passed_on_before_all_have_arrived_adds_up():
    wide = [Step(f"s{number}", JOB) for number in range(40)]
    after = tuple(sorted(step.name for step in wide))
    plan = compile_plan("g", "v1", (*wide, Step("some", JOB, after, TriggerRule.AT_LEAST, at_least=2)))
    gates = {number for number, node in enumerate(plan.nodes) if number >= 41 and node.rule is TriggerRule.AT_LEAST}
    (gate,) = (node for join in plan.nodes[0].arrives for node in plan.joins[join].waiting if node in gates)
    one = Tally(succeeded=1)
    counters = {**dict.fromkeys(plan.nodes[0].arrives, Counter(1, one)), plan.nodes[gate].arrives[0]: Counter(0, one)}
    assert doubts(plan, View({0: DONE, gate: StepState(passed=one)}, counters)) == {}


@pytest.mark.parametrize(
    ("states", "counters", "said", "held"),
    [
        ({0: DONE}, {0: TWO}, LOST, {1, 2, 3}),
        ({0: DONE, 1: DONE}, {}, "counters/0: the join before d counts 0 ended, and the steps", {2, 3}),
        ({0: DONE, 1: replace(DONE, status=Status.FAILED)}, {0: TWO}, "say 2 ended: 1 succeeded, 1 failed", {2, 3}),
        ({4: replace(DONE, status=Status.RUNNING)}, {}, "steps/3: d is pending, and e after it is running", {3}),
    ],
)
def test_what_does_not_add_up_is_said_with_its_place_and_holds_what_is_pending(
    states: dict[int, StepState], counters: dict[int, Counter], said: str, held: set[int]
):
    ((found, nodes),) = doubts(PLAN, View(states, counters)).items()
    assert said in found
    assert nodes == held


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        (TriggerRule.ONE_SUCCESS, {}),
        (TriggerRule.AT_LEAST, {"at_least": 1}),
        (TriggerRule.ALL_DONE_WITHIN, {"within": 9.0}),
    ],
)
def test_a_rerun_adds_up_in_which_what_is_kept_lets_a_step_begin_before_the_only_one_that_is_left(rule, number):
    """A sweep, and resume, left that one alone, so the rerun never ended."""
    last = Step("d", JOB, ("a", "c"), rule, **number)
    plan = compile_plan("g", "v1", [Step("a", JOB), Step("b", JOB), Step("c", JOB, ("b",)), last])
    rerun = plan_of(plan, letters(plan, {0: Status.SUCCEEDED}))
    runs = replace(DONE, status=Status.RUNNING, ended_at=None)
    assert doubts(rerun, View({0: DONE, 1: runs, 3: runs})) == {}
    assert doubts(rerun, View({0: DONE, 2: runs})) == {"steps/1: b is pending, and c after it is running": {1}}


def test_where_a_state_cannot_be_read_nothing_is_said_of_its_joins():
    assert doubts(PLAN, View({0: DONE}, {0: TWO}, frozenset({1}))) == {}


def ended(world, *nodes: int):
    """A run in which these steps have ended, c takes its time, and nothing is on its way but checks."""
    fan = world(*STEPS, c=Script(1000.0))
    fan.start()
    for effect in fan.due():
        fan.engine.perform(effect)
    for node in nodes:
        fan.engine.perform(Check(KEY, node, 1))
    assert launches(fan) == []
    return fan


def launches(fan) -> list[int]:
    """Takes what is due off the queue: the steps that are to be launched."""
    return [effect.node for effect in fan.due() if isinstance(effect, Launch)]


def test_a_sweep_does_not_launch_a_step_again_whose_document_was_deleted_and_says_so(world):
    fan = ended(world, 0, 1)
    del fan.store._states[KEY][1]
    said: list[str] = []
    assert fan.engine.sweep(KEY, "1", doubtful=said.append) == 1
    assert said == [LOST]
    assert launches(fan) == []
    assert wrong(fan.store, KEY, fan.plan) == [LOST]
    fan.now = 1000.0
    fan.engine.perform(Check(KEY, 2, 1))
    assert launches(fan) == [3]
    assert [job.request.step for job in fan.jobs.jobs.values()] == ["a", "b", "c"]


def test_a_check_of_an_attempt_that_its_step_never_began_begins_nothing(world):
    fan = ended(world, 0, 1)
    del fan.store._states[KEY][1]
    fan.queue.forget(KEY)  # and with it that the launch's name is taken, as it is free again some day
    fan.engine.perform(Check(KEY, 1, 1, number=3))
    assert fan.due() == []


def until(world: World, when: float) -> None:
    """Deliver everything that is due until then."""
    while (due := world.queue.next_due([KEY], [CHECKS, LAUNCHES])) is not None and due <= when:
        world.now = max(world.now, due)
        for effect in world.due():
            world.engine.perform(effect)
    world.now = when


def test_a_step_that_was_released_does_not_begin_again_when_its_document_was_deleted(world):
    """Its launch had a name of its own, so the queue took the one that a later arrival at its join owed."""
    wait = Step("d", JOB, ("a", "b"), TriggerRule.ALL_DONE_WITHIN, within=10.0)
    join = world(*STEPS[:2], wait, Step("e", JOB, ("c", "d")), Step("c", JOB), b=Script(500.0), c=Script(900.0))
    join.start()
    join.engine.control(KEY, HoldRequested(Hold(0.0)), [2])
    until(join, 20.0)
    join.engine.control(KEY, HoldReleased(20.0), [2])
    until(join, 100.0)
    assert join.store._states[KEY].pop(2).status is Status.SUCCEEDED
    until(join, 2000.0)
    assert 2 not in join.store._states[KEY]
    assert join.statuses()["e"] == "succeeded"


def test_a_cancelling_does_not_end_again_a_step_whose_document_was_deleted_and_tells_those_that_wait(world):
    fan = ended(world, 0, 1)
    del fan.store._states[KEY][1]
    assert fan.engine.cancel(KEY, Stop(50.0)) == (2, 1)  # d and e wait, and c has a job
    assert {node for node, state in fan.store.load_all(KEY).states.items() if state.stop} == {2, 3, 4}
    fan.engine.sweep(KEY, "1")
    assert not any(isinstance(effect, Skip) for effect in fan.due())
    assert fan.store.load_all(KEY).counters == {0: TWO}


def test_a_cancelling_stops_a_step_that_is_held_though_a_record_beside_it_was_deleted(world):
    fan = world(*STEPS)
    fan.start()
    fan.engine.control(KEY, HoldRequested(Hold(0.0)), [2])
    until(fan, 10.0)
    del fan.store._states[KEY][1]
    fan.engine.cancel(KEY, STOP)
    assert {node for node, state in fan.store.load_all(KEY).states.items() if state.stop} == {2, 3, 4}


def test_a_cancelling_says_so_if_steps_end_so_fast_that_it_leaves_one_alone(world):
    """It returned as if all were cancelled, and the step that was about to begin ran on."""
    names = [f"s{number}" for number in range(9)]
    fan = world(*(Step(name, JOB) for name in names), Step("z", JOB, tuple(names)))
    fan.start()
    for effect in fan.due():
        if isinstance(effect, Launch) and effect.node < 8:
            fan.engine.perform(effect)
    load_all, ends = fan.store.load_all, iter(range(4))

    def torn(key: str, *rest: Any, **how: Any) -> View:
        """The states, and then the counters, when another step has ended."""
        states = load_all(key, *rest, **how).states
        for node in islice(ends, 1):
            fan.engine.perform(Check(KEY, node, 1))
        return View(states, load_all(key).counters)

    fan.store.load_all = torn
    with pytest.raises(
        ConflictError, match="run 'r': its steps end faster than it can be read, so nothing was done to step 's8'"
    ):
        fan.engine.cancel(KEY, STOP)
    assert [node for node in range(10) if fan.store.load(KEY, [node], ()).state(node).stop] == [4, 5, 6, 7, 9]
    fan.engine.cancel(KEY, STOP)
    assert fan.store.load(KEY, [8], ()).state(8).stop == STOP


def test_what_was_only_read_while_it_changed_is_no_doubt(world):
    fan = ended(world, 0, 1)
    torn = View({0: fan.store.load_all(KEY).state(0)}, fan.store.load_all(KEY).counters)
    assert list(doubts(fan.plan, torn)) == [LOST]
    assert sure_doubts(fan.store, KEY, fan.plan, torn) == {}


def test_a_sweep_of_what_adds_up_reads_the_run_once(world):
    fan = ended(world, 0, 1)
    loads: list[str] = []
    load_all = fan.store.load_all
    fan.store.load_all = lambda key, *rest, **how: loads.append(key) or load_all(key, *rest, **how)
    fan.engine.sweep(KEY, "1")
    assert loads == [KEY]


def test_all_that_is_wrong_is_told_of_states_counters_and_the_end(world):
    fan = ended(world, 0, 1)
    assert wrong(fan.store, KEY, fan.plan) == []
    del fan.store._counters[KEY][0]
    fan.store._states[KEY][9] = DONE
    fan.store._states[KEY][2] = replace(fan.store._states[KEY][2], job=None)
    assert wrong(fan.store, KEY, fan.plan) == [
        "counters/0: the join before d counts 0 ended, and the steps before it say 2 ended: 2 succeeded",
        "c: running without job",
        "steps/9: its graph has no such step",
    ]


@pytest.mark.parametrize(
    ("reads", "sure"),
    [
        ([{}], []),
        ([{"j: 2 of 1"}], ["j: 2 of 1"]),
        ([{"j: 3 of 2"}, {"j: 3 of 2"}], ["j: 3 of 2"]),
        ([{"j: 3 of 2"}, {}], []),
        ([{"j: 3 of 2"}, {"j: 4 of 3"}, {"j: 5 of 4"}], ["j: 5 of 4"]),
        ([{"k: 1 of 0"}], []),
    ],
    ids=["gone", "the same", "the same later", "gone later", "moves on each time", "elsewhere"],
)
def test_what_does_not_add_up_is_so_if_it_stays_or_is_never_gone_while_the_run_goes_on(reads, sure):
    left = [dict.fromkeys(read) for read in reads]
    assert list(confirmed({"j: 2 of 1": None}, lambda: left.pop(0) if left else {})) == sure
    assert left == []
