"""``max_parallel`` and ``max_active_runs`` of a graph: how many attempts of a run, and runs, may be active at once."""

import json

import pytest

from orchestrator import Graph as AuthoredGraph
from orchestrator import step
from orchestrator.core.active_runs import ActiveRuns, Policy
from orchestrator.core.graph import Graph
from orchestrator.core.plan_codec import plan_from_json, plan_to_json, schema_of_plan
from orchestrator.core.steps import Step
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.schema import json_schema
from tests.unit.definition.conftest import Load, Refusal


def test_a_file_says_how_many_attempts_of_a_run_may_be_active(load: Load) -> None:
    graph = load("name: g\nmax_parallel: 3\nsteps: {a: }\n")
    assert graph.max_parallel == 3
    assert build(document(graph)) == (graph, [])
    plan = graph.compile()
    assert (plan.max_parallel, schema_of_plan(plan)) == (3, 2)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_graph_that_says_nothing_is_stored_as_before(load: Load) -> None:
    graph = load("name: g\nsteps: {a: }\n")
    assert (graph.max_parallel, "max_parallel" in document(graph)) == (None, False)
    assert "max_parallel" not in plan_to_json(graph.compile())


def test_python_says_the_same() -> None:
    with AuthoredGraph("g", max_parallel=2) as graph:
        step("a")
    assert graph.model.max_parallel == 2
    assert AuthoredGraph.from_networkx(graph.to_networkx()).model == graph.model


def test_it_is_part_of_a_graphs_version() -> None:
    assert len({Graph("g", (Step("a"),), max_parallel=most).version for most in (None, 1, 2)}) == 3


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "g.yaml:2: max_parallel: expected at least 1, got the number 0"),
        ("10001", "g.yaml:2: max_parallel: expected at most 10000, got the number 10001"),
        ("two", "g.yaml:2: max_parallel: expected a whole number, got 'two'"),
    ],
)
def test_what_is_no_limit_is_refused(refusal: Refusal, written: str, said: str) -> None:
    assert said in refusal(f"name: g\nmax_parallel: {written}\nsteps: {{a: }}\n")


def test_the_schema_has_it_for_graphs_and_for_mapped_steps() -> None:
    schema = json_schema()
    number = {"type": "integer", "minimum": 1, "maximum": 10_000}
    for properties in (schema["properties"], schema["$defs"]["StepKeys"]["properties"]):
        assert number.items() <= properties["max_parallel"].items()


@pytest.mark.parametrize(
    ("written", "active"),
    [
        ("2", ActiveRuns(2)),
        ("{limit: 1}", ActiveRuns(1)),
        ("{limit: 1, policy: skip}", ActiveRuns(1, Policy.SKIP)),
        ("{limit: 3, policy: cancel_previous}", ActiveRuns(3, Policy.CANCEL_PREVIOUS)),
    ],
)
def test_a_file_says_how_many_runs_may_be_active(load: Load, written: str, active: ActiveRuns) -> None:
    graph = load(f"name: g\nmax_active_runs: {written}\nsteps: {{a: }}\n")
    plan = graph.compile()
    assert (graph.active, plan.active, schema_of_plan(plan)) == (active, active, 2)
    assert build(document(graph)) == (graph, [])
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan
    assert graph.version != load("name: g\nsteps: {a: }\n").version


def test_python_says_how_many_runs_may_be_active() -> None:
    with AuthoredGraph("g", max_active_runs={"limit": 1, "policy": "skip"}) as graph:
        step("a")
    assert graph.model.active == ActiveRuns(1, Policy.SKIP)
    assert AuthoredGraph.from_networkx(graph.to_networkx()).model == graph.model


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "max_active_runs: expected a number of runs from 1 to 10,000, got the number 0"),
        ("{policy: skip}", "max_active_runs.limit: expected a number of runs from 1 to 10,000, got nothing"),
        ("{limit: 1, policy: drop}", "max_active_runs.policy: expected queue, skip or cancel_previous, got 'drop'"),
        ("{limit: 1, most: 2}", "max_active_runs: unknown key: the keys here are limit and policy, got 'most'"),
    ],
)
def test_a_wrong_number_of_active_runs_is_refused(refusal: Refusal, written: str, said: str) -> None:
    (line,) = refusal(f"name: g\nmax_active_runs: {written}\nsteps: {{a: }}\n")
    assert line.endswith(said)
    assert line.startswith("g.yaml:2: ")


def test_all_that_is_wrong_with_the_number_of_active_runs_is_said_at_once(refusal: Refusal) -> None:
    lines = refusal("name: g\nmax_active_runs: {limit: 0, policy: drop, most: 2}\nsteps: {a: }\n")
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == [
        "max_active_runs",
        "max_active_runs.limit",
        "max_active_runs.policy",
    ]
