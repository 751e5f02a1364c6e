"""Steps that are mapped over a list, one handler at a time; and the plan of ten thousand items."""

from collections import Counter
from dataclasses import replace

import pytest

from orchestrator.core.compiler import SPREAD, WIDE, compile_plan
from orchestrator.core.inner_graphs import version_of
from orchestrator.core.job_end import Outcome
from orchestrator.core.mapped import MAX_ITEMS, mapped
from orchestrator.core.messages import Launch
from orchestrator.core.model import Run, RunStatus, Status
from orchestrator.core.plan import Inner, Plan
from orchestrator.core.steps import Json, Step, Work
from orchestrator.definition.params import resolve
from orchestrator.engine.children import RunBackend, tolerated
from orchestrator.jobs.scripted import Script
from tests.unit.engine_world import KEY, World
from tests.unit.test_children import child, settle


def plan_of(spec: dict[str, Json], body: dict[str, Json] | None = None) -> Plan:
    inner = Inner(compile_plan("outer", "w1", (Step("outer", Work("job", body or {"n": "{{ item }}"})),)))
    step = Step("outer", Work("map", spec), inner=version_of(inner))
    behind = Step("behind", Work("job", {"all": "{{ steps.outer.outputs['items'] }}"}), after=("outer",))
    return replace(compile_plan("g", "v1", (step, behind)), inners={version_of(inner): inner})


def begun(plan: Plan, scripts: dict[str, Script] | None = None, **params: Json) -> World:
    world = World(plan, scripts or {})
    world.engine.ledger.backends["map"] = RunBackend(world.engine, resolve)  # type: ignore[index]
    world.engine.start(Run("r", KEY, "g", "v1", params, 0.0), plan)
    return world


def test_a_plan_of_ten_thousand_opens_in_parts_and_ends_in_a_tree():
    plan = mapped(compile_plan("m", "v", (Step("m", Work("job", {})),)), MAX_ITEMS)
    assert len(plan.steps) == MAX_ITEMS
    assert len(plan.roots) == MAX_ITEMS // SPREAD
    assert max(len(join.waiting) for join in plan.joins) == SPREAD
    assert max(join.size for join in plan.joins) <= WIDE
    assert plan.nodes[-1].name == "_end"
    assert Counter(join for node in plan.nodes[:MAX_ITEMS] for join in node.arrives).most_common(1)[0][1] <= WIDE


def test_each_item_is_done_and_its_outputs_are_in_the_order_of_the_items():
    scripts = {f"outer.{n}": Script(9.0 - n, outputs={"n": n}) for n in (0, 1)}
    world = begun(plan_of({"over": "{{ params.list }}"}), scripts, list=[{"a": 1}, {"a": 2}])
    settle(world)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.outputs) == (Status.SUCCEEDED, {"count": 2, "succeeded": 2, "failed": 0})
    requests = {job.request.step: job.request for job in world.jobs.jobs.values()}
    assert requests["outer.1"].spec == {"n": {"a": 2}}
    assert requests["outer.1"].run.params == {"list": [{"a": 1}, {"a": 2}], "item": {"a": 2}, "index": 1}
    assert requests["behind"].spec == {"all": [{"n": 0}, {"n": 1}]}
    run = child(world)
    assert (run.mapped, run.params) == (2, {"items": [{"a": 1}, {"a": 2}]})


@pytest.mark.parametrize("items", [[], "{{ params.list }}"])
def test_without_items_the_step_is_skipped(items: Json):
    world = begun(plan_of({"over": items}), list=[])
    settle(world)
    view = world.store.load_all(KEY)
    assert (view.state(0).status, view.state(0).cause, view.state(1).status) == (
        Status.SKIPPED, "empty", Status.SKIPPED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("many", "map: expected a list, got 'many'"),
        ([0] * (MAX_ITEMS + 1), "map: expected at most 10,000 items, got 10,001: map over parts of the list"),
    ],
    ids=["no list", "too many"],
)
def test_what_is_no_list_and_more_items_than_can_be_fail_the_step(items: Json, said: str):
    world = begun(plan_of({"over": "{{ params.list }}"}), list=items)
    world.engine.perform(Launch(KEY, 0, 1))
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.cause, state.error) == (Status.FAILED, "map", said)


def test_failures_are_grouped_by_cause():
    scripts = {f"outer.{n}": Script(outcome=Outcome.FAILED, cause="quota" if n < 3 else "user_code") for n in range(4)}
    world = begun(plan_of({"over": [*range(10)], "tolerate": 3}), scripts)
    settle(world)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.error) == (Status.FAILED, "4 of 10 items failed: 3 quota, 1 user_code")


def test_tolerated_failures_do_not_fail_the_step():
    world = begun(plan_of({"over": [*range(10)], "tolerate": "10%"}), {"outer.3": Script(outcome=Outcome.FAILED)})
    settle(world)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.outputs) == (Status.SUCCEEDED, {"count": 10, "succeeded": 9, "failed": 1})
    assert child(world).status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("tolerate", "items", "most"),
    [(None, 9, 0), (3, 9, 3), ("5%", 100, 5), ("5%", 19, 0), ("100%", 7, 7), ("2.5%", 40, 1)],
)
def test_a_share_is_rounded_down(tolerate: Json, items: int, most: int):
    assert tolerated({"tolerate": tolerate}, items) == most
