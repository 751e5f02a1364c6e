"""What is told of steps whose jobs are runs: what failed inside them, and that one has no run."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.control import Control, Hold, Limits
from orchestrator.core.mapped import mapped
from orchestrator.core.model import MARKED, Run, RunStatus, Status, StepState, Stop, Transition, View
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from orchestrator.reporting.found import Found
from orchestrator.reporting.held import stuck
from orchestrator.reporting.inside import has_no_run, may_tolerate
from orchestrator.reporting.summary import summary
from tests.e2e.command_line import Place, Said
from tests.unit.test_mapped import plan_of

PLAN = plan_of({"over": "{{ params.list }}"})
RUN = Run("r1", "key1", "g", PLAN.version, {"list": "abc"}, 1.0, RunStatus.FAILED, ended_at=3.0)
REFUSED = StepState(Status.FAILED, 1, error="map: expected a list, got 'abc'", cause="map")


def found(items: int) -> Found:
    """A run whose step was mapped over so many items, which all failed."""
    (inner,) = PLAN.inners.values()
    bad = {node: StepState(Status.FAILED, 1, error=f"exit status {node}", ended_at=2.0) for node in range(items)}
    run = replace(RUN, id="outer-1", key="key2", mapped=items)
    inside = Found(None, run, mapped(inner.plan, items), View(bad), logs={0: "runs/outer-1/log"})
    outer = StepState(Status.FAILED, 1, job="key2", error=f"{items} of {items} items failed: {items} exit")
    return Found(None, RUN, PLAN, View({0: outer}), flag=" --home h", inside={0: inside})


@pytest.mark.parametrize(("items", "more"), [(3, []), (1_500, ["  and 1,497 more: orchestrator logs r1 --home h"])])
def test_the_last_lines_of_a_run_name_items_that_failed_with_their_errors_and_logs(items: int, more: list[str]):
    assert [line.text for line in summary(found(items), 3.0)][2:] == [
        "  outer/0 failed: exit status 0",
        "    log  runs/outer-1/log",
        "  outer/1 failed: exit status 1",
        "  outer/2 failed: exit status 2",
        *more,
    ]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StepState(), "has no run yet: it has not started"),
        (StepState(Status.LAUNCHING, 1, job_name="outer-1"), "has no run yet: it has not started"),
        (StepState(Status.UPSTREAM_FAILED), "has no run: its status is upstream failed"),
        (REFUSED, "has no run: it failed before its run began: map: expected a list, got 'abc'"),
        (StepState(Status.SKIPPED, 1, cause="empty"), "has no run: it was skipped before its run began"),
        (StepState(Status.SUCCEEDED, 1, cause=MARKED), "has no run: it succeeded before its run began"),
        (StepState(Status.FAILED, 1, job="key2"), "has no run any more: the record of it is gone"),
    ],
)
def test_a_step_says_why_it_has_no_run(state: StepState, said: str):
    assert has_no_run(state) == said


def shown(folder: Path, state: StepState) -> Place:
    (folder / ".git").mkdir()
    with writing(Home(folder / ".orchestrator")) as store:
        store.open_run(replace(RUN, status=RunStatus.RUNNING, ended_at=None), PLAN)
        store.transact("key1", 0, lambda _: Transition(state))
        store.end_run("key1", RunStatus.FAILED, 3.0)
    return Place(folder)


def test_a_step_that_failed_before_its_run_began_points_to_no_run(tmp_path: Path):
    place = shown(tmp_path, REFUSED)
    none = "has no run: it failed before its run began"
    assert place.look("explain", "r1", "outer").lines == [
        "outer: failed: map: expected a list, got 'abc'", f"  it {none}",
    ]  # fmt: skip
    assert place.look("logs", "r1", "outer") == Said(0, "", f"step 'outer' {none}: {REFUSED.error}\n")
    said = place.look("status", "r1/outer")
    assert (said.code, said.err) == (2, f"error: step 'outer' of run 'r1' {none}: {REFUSED.error}\n")


def test_the_log_of_a_mapped_step_is_asked_for_by_item(tmp_path: Path):
    place = shown(tmp_path, StepState(Status.FAILED, 1, job="key2", error="1 of 1 items failed: 1 exit"))
    wrong = "error: step 'outer' does its work for each item of a list: name an item, as outer/0\n"
    for follow in ([], ["--follow"]):
        assert place.look("logs", "r1", "outer", *follow) == Said(2, "", wrong)


@pytest.mark.parametrize("set_meanwhile", [1, "5%"])
def test_failures_that_are_tolerated_only_because_somebody_set_that_are_told_too(set_meanwhile: int | str):
    """As if the graph said so: its outputs, which count them, are read."""
    limits = Control(limits=Limits(1, tolerate=set_meanwhile))
    assert may_tolerate(PLAN.steps[0], StepState(Status.SUCCEEDED, 1, control=limits))
    assert not may_tolerate(PLAN.steps[0], StepState(Status.SUCCEEDED, 1, control=Control(limits=Limits(1, 3))))
    assert not may_tolerate(PLAN.steps[0], StepState(Status.FAILED, 1, control=limits))


def test_what_waits_for_nothing_but_people_says_so_in_the_status_of_its_run_and_how_to_go_on():
    outer = found(2)
    held = StepState(control=Control(Hold(5.0, "ann", "the source is late")))
    states = {0: StepState(Status.SUCCEEDED, 1, ended_at=2.0), 1: held}
    running = replace(outer.inside[0].run, status=RunStatus.RUNNING, ended_at=None)
    inner = replace(outer.inside[0], run=running, view=View(states), flag=" --home h")
    going_on = replace(RUN, status=RunStatus.RUNNING, ended_at=None)
    at_work = View({0: StepState(Status.RUNNING, 1, job="key2")})
    (said,) = stuck(replace(outer, run=going_on, view=at_work, inside={0: inner}))
    assert said.startswith("r1/outer: nothing else is left: ")
    assert said.endswith(
        "the source is late; 'orchestrator release r1/outer --home h' continues it, "
        "'orchestrator cancel r1/outer --home h' ends it"
    )
    being_cancelled = replace(going_on, stop=Stop(6.0, "ann"))
    (said,) = stuck(replace(outer, run=being_cancelled, view=View({0: held})))
    assert said.endswith("'orchestrator release r1 --home h' continues it")
    working = replace(inner, view=View({**states, 0: StepState(Status.RUNNING, 1)}))
    assert list(stuck(replace(outer, run=going_on, view=at_work, inside={0: working}))) == []
