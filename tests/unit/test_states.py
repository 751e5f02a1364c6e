"""The demo of the states: its shape, and that a state that fails or hangs holds back no other."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.core.graph import Graph
from orchestrator.core.model import Status
from orchestrator.core.rerun import Changes, Earlier, choose
from orchestrator.core.rerun_inside import Selection
from orchestrator.definition.reads import reads
from orchestrator.testing import fail, hang
from orchestrator.testing.simulated import simulate

FILE = Path(__file__).parents[2] / "graphs/states/graph.py"

#: Five jobs of five states.
BROKEN = ("ardenia.ingest", "galdoria.quality", "lornia.forecast", "nordal.stock", "rowena.capacity")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(FILE)


def exports(graph: Graph) -> set[str]:
    return {step.name for step in graph.steps if step.name.endswith(".export")}


def test_there_are_79_jobs_in_18_branches_and_a_tree_of_joins_before_the_views(graph: Graph):
    assert len(graph.by_name["views"].after) == 79
    assert len(exports(graph)) == 18
    assert graph.compile().nodes[-1].name == "_end"
    assert {step.work.kind for step in graph.steps} == {"dataflow", "call"}
    assert all(step.local is not None for step in graph.steps if step.work.kind == "dataflow")


def test_five_states_that_fail_hold_back_no_other(graph: Graph):
    run = simulate(graph, steps=dict.fromkeys(BROKEN, fail("no input")))
    assert run.failed == sorted(BROKEN)
    blocked = {f"{name.partition('.')[0]}.export" for name in BROKEN}
    assert blocked == exports(graph) & run.skipped.keys()
    ended = {name for name, step in run.steps.items() if step.status == Status.SUCCEEDED}
    assert {"views", "clean-up", *(exports(graph) - blocked)} <= ended
    assert all(run.steps[name].attempts == 2 for name in BROKEN)


def test_a_state_that_hangs_holds_the_others_back_for_three_hours_at_most(graph: Graph):
    run = simulate(graph, steps={"nordal.ingest": hang()})
    (views,) = run.attempts("views")
    assert views.at - run.started_at == timedelta(hours=3)
    (export,) = run.attempts("belmora.export")
    assert export.at == views.at
    assert set(run.skipped) == {"nordal.stock", "nordal.export"}
    assert run.failed == ["nordal.ingest"]
    assert timedelta(hours=8) < (run.took or timedelta()) < timedelta(hours=8.1)  # its end waits for both attempts


def test_in_the_cloud_another_file_type_runs_only_the_exports_again(graph: Graph):
    plan = graph.compile()
    before = Earlier(plan, dict.fromkeys(range(len(plan.steps)), Status.SUCCEEDED))
    chosen = choose(plan, before, Selection(), Changes(("file_type",), reads(stand_ins=False)))
    again = {choice.step for choice in chosen if choice.again}
    assert again == {*exports(graph), "clean-up"}
