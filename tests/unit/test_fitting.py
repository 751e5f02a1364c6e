"""What fits the plan of a run, and what can never be performed in it."""

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.plan import Role
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.core.validity import misfit

FAN = [Step(f"s{number}", Work("job", {}), retry=Retry(3)) for number in range(40)]
PLAN = compile_plan("g", "1", [*FAN, Step("last", Work("job", {}), tuple(step.name for step in FAN))])
GATE = next(number for number, node in enumerate(PLAN.nodes) if node.role is Role.GATE)


@pytest.mark.parametrize(
    "effect",
    [Launch("k", 0, 1), Launch("k", 0, 10_103), Check("k", 40, 1), Skip("k", 40), Pass("k", GATE), Finish("k"),
     Finish("k", after=3)],
)  # fmt: skip
def test_a_task_at_the_right_kind_of_node_fits(effect: Effect):
    assert misfit(PLAN, effect) is None


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Launch("k", GATE, 1), f"node {GATE}: expected a step, its role is gate"),
        (Check("k", PLAN.end, 1), f"node {PLAN.end}: expected a step, its role is end"),
        (Skip("k", GATE), f"node {GATE}: expected a step, its role is gate"),
        (Skip("k", PLAN.end), f"node {PLAN.end}: expected a step, its role is end"),
        (Pass("k", 0), "node 0: expected a gate, its role is step"),
        (Pass("k", PLAN.end), f"node {PLAN.end}: expected a gate, its role is end"),
        (Finish("k", after=GATE), f"node {GATE}: expected a step, its role is gate"),
        (Launch("k", 99, 1), "there is no node 99"),
        (Launch("k", -1, 1), "there is no node -1"),
        (Launch("k", 0, 10_104), "node 0 makes at most 10103 attempts, and no attempt 10104"),
        (Check("k", 0, 10**6), "node 0 makes at most 10103 attempts, and no attempt 1000000"),
    ],
)
def test_a_task_that_can_never_be_performed_is_told_why(effect: Effect, said: str):
    assert misfit(PLAN, effect) == said
