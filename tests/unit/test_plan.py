"""Plans: joins that are shared, trees of joins, and who arrives at the end of a run."""

import pytest

from orchestrator.core.compiler import SPREAD, WIDE, compile_plan
from orchestrator.core.plan import FailsOn, JoinPlan, Node, Plan, Role
from orchestrator.core.rules import CARRYING, TriggerRule
from orchestrator.core.steps import Step

ALL_SUCCESS, ALL_DONE = TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE


def fan_in(width: int, trigger: TriggerRule = ALL_SUCCESS) -> Plan:
    names = tuple(f"s{number:05}" for number in range(width))
    return compile_plan("fan-in", "v", (*map(Step, names), Step("join", after=names, trigger=trigger)))


def test_a_diamond_has_one_counter_and_its_lone_predecessors_have_none():
    plan = compile_plan(
        "diamond", "v", (Step("a"), Step("b", after=("a",)), Step("c", after=("a",)), Step("d", after=("b", "c")))
    )
    assert plan.nodes == (
        Node("a", Role.STEP, ALL_SUCCESS, None, (0,)),
        Node("b", Role.STEP, ALL_SUCCESS, 0, (1,)),
        Node("c", Role.STEP, ALL_SUCCESS, 0, (1,)),
        Node("d", Role.STEP, ALL_SUCCESS, 1, (2,)),
        Node("_end", Role.END, ALL_DONE, 2, ()),
    )
    assert plan.joins == (JoinPlan(1, (1, 2), only=0), JoinPlan(2, (3,)), JoinPlan(1, (4,), only=3))
    assert (plan.roots, plan.end) == ((0,), 4)


def test_steps_with_the_same_predecessors_share_a_join():
    left, right = ("a", "b", "c"), ("x", "y", "z")
    plan = compile_plan("layers", "v", (*map(Step, left), *(Step(name, after=left) for name in right)))
    assert [join.size for join in plan.joins] == [3, 3]
    assert plan.joins[0].waiting == (3, 4, 5)


def test_no_join_takes_more_than_a_bounded_number_of_arrivals_however_wide_it_is():
    for width in (1, 2, WIDE, WIDE + 1, 1000, 5000):
        plan = fan_in(width)
        assert max(join.size for join in plan.joins) <= WIDE
        assert sum(len(node.arrives) for node in plan.nodes) == sum(join.size for join in plan.joins)


def test_a_tree_of_joins_splits_evenly():
    plan = fan_in(WIDE + 1)
    assert [(join.size, join.waiting) for join in plan.joins] == [(17, (34,)), (16, (35,)), (2, (33,)), (1, (36,))]
    assert [plan.nodes[number].role for number in (33, 34, 35, 36)] == [Role.STEP, Role.GATE, Role.GATE, Role.END]


def test_patient_rules_share_a_tree_and_an_impatient_one_has_its_own():
    names = tuple(f"s{number}" for number in range(WIDE + 1))
    rules = (ALL_SUCCESS, ALL_DONE, TriggerRule.NONE_FAILED, TriggerRule.ONE_SUCCESS)
    steps = (*map(Step, names), *(Step(f"j{rule}", after=names, trigger=rule) for rule in rules))
    plan = compile_plan("trees", "v", steps)
    gates = [node for node in plan.nodes if node.role is Role.GATE]
    assert [gate.rule for gate in gates] == [ALL_DONE, ALL_DONE, TriggerRule.ONE_SUCCESS, TriggerRule.ONE_SUCCESS]


def test_the_end_waits_for_steps_that_only_an_impatient_rule_follows_but_does_not_ask_how_they_ended():
    plan = compile_plan(
        "race",
        "v",
        (Step("a"), Step("b"), Step("first", after=("a", "b"), trigger=TriggerRule.ONE_SUCCESS)),
        FailsOn.LEAVES,
    )
    quiet = plan.nodes[3]
    assert (quiet.name, quiet.role) == ("_unawaited", Role.QUIET)
    assert [plan.nodes[node].name for node in plan.successors(0)] == ["first", "_unawaited"]
    assert [plan.nodes[node].name for node in plan.successors(2)] == ["_end"]
    assert plan.joins[plan.nodes[plan.end].join or 0].size == 2


def test_a_step_that_always_runs_waits_for_nobody():
    steps = (Step("a"), Step("b", after=("a",), trigger=TriggerRule.ALWAYS))
    plan = compile_plan("always", "v", steps, FailsOn.LEAVES)
    assert plan.roots == (0, 1)
    assert [plan.nodes[node].name for node in plan.successors(0)] == ["_unawaited"]


def decide(*steps: Step, on: FailsOn = FailsOn.ANY) -> list[str]:
    """The steps that tell the end how they ended."""
    plan = compile_plan("g", "v", steps, on)
    end = plan.nodes[plan.end].join or 0
    return [node.name for node in plan.nodes if end in node.arrives and node.role is Role.STEP]


def test_a_step_whose_failure_a_tolerant_step_would_swallow_tells_the_end_itself():
    night = (Step("load"), Step("report", after=("load",)), Step("clean-up", after=("report",), trigger=ALL_DONE))
    assert decide(*night) == ["report", "clean-up"]
    assert decide(*night, on=FailsOn.LEAVES) == ["clean-up"]


@pytest.mark.parametrize("rule", TriggerRule)
def test_only_a_rule_that_makes_its_step_upstream_failed_carries_a_failure_on(rule: TriggerRule):
    told = decide(Step("a"), Step("b"), Step("c", after=("a", "b"), trigger=rule))
    assert told == (["c"] if rule in CARRYING else ["a", "b", "c"])


def test_what_may_fail_and_teardowns_arrive_at_the_end_quietly():
    steps = (
        Step("a"),
        Step("b", after=("a",), allow_failure=True),
        Step("c", after=("b",), trigger=ALL_DONE, teardown=True),
    )
    plan = compile_plan("g", "v", steps)
    assert decide(*steps) == ["a"]
    assert [plan.nodes[node].name for node in plan.successors(2)] == ["_unawaited"]
    assert plan.deciders == {0}


def test_of_leaves_those_decide_that_only_teardowns_come_after():
    steps = (Step("a"), Step("b", after=("a",)), Step("c", after=("b",), trigger=ALL_DONE, teardown=True))
    assert decide(*steps, on=FailsOn.LEAVES) == ["b"]
    assert compile_plan("g", "v", steps, FailsOn.LEAVES).deciders == {1}


def test_several_roots_leaves_and_an_isolated_step_all_arrive_at_the_end():
    plan = compile_plan("parts", "v", (Step("a"), Step("b", after=("a",)), Step("alone"), Step("c", after=("a",))))
    end = plan.nodes[plan.end].join or 0
    assert [node.name for node in plan.nodes if end in node.arrives] == ["b", "alone", "c"]


def test_a_step_that_arrives_at_very_many_joins_does_so_through_gates():
    others = [Step(f"o{number}") for number in range(1000)]
    joins = [Step(f"j{number}", after=("hub", f"o{number}")) for number in range(1000)]
    plan = compile_plan("hub", "v", (Step("hub"), *others, *joins))
    counted = [sum(plan.joins[join].only is None for join in node.arrives) for node in plan.nodes]
    assert max(counted) <= SPREAD
    gates = list(plan.successors(0))
    assert [plan.nodes[gate].role for gate in gates] == [Role.GATE] * 3
    reached = {plan.nodes[node].name for gate in gates for node in plan.successors(gate)}
    assert reached == {step.name for step in joins}
