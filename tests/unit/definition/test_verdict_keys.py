"""The keys that say how a run ends: ``fails_on`` of a graph, ``allow_failure`` and ``teardown`` of a step."""

import pytest

from orchestrator import Graph as AuthoredGraph
from orchestrator import step
from orchestrator.core.graph import Graph
from orchestrator.core.plan import FailsOn
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.schema import json_schema
from orchestrator.errors import InvalidGraphError
from tests.unit.definition.conftest import Load

NIGHT = """
name: night
fails_on: leaves
defaults: {trigger: none_failed}
steps:
  load: {allow_failure: true}
  report: {after: load}
  clean-up: {after: report, teardown: true}
  last: {after: clean-up, teardown: true, trigger: all_done}
"""
ALL_DONE, NONE_FAILED = TriggerRule.ALL_DONE, TriggerRule.NONE_FAILED
STEPS = (
    Step("load", trigger=NONE_FAILED, allow_failure=True),
    Step("report", after=("load",), trigger=NONE_FAILED),
    Step("clean-up", after=("report",), trigger=ALL_DONE, teardown=True),
    Step("last", after=("clean-up",), trigger=ALL_DONE, teardown=True),
)


def test_a_file_says_what_fails_a_run_and_a_teardown_runs_whatever_happened(load: Load) -> None:
    graph = load(NIGHT)
    assert (graph.steps, graph.fails_on) == (STEPS, FailsOn.LEAVES)
    assert build(document(graph)) == (graph, [])
    assert graph.compile().fails_on is FailsOn.LEAVES


def test_a_graph_that_says_nothing_fails_with_any_of_its_steps(load: Load) -> None:
    graph = load("name: g\nsteps: {a: }\n")
    assert (graph.fails_on, "fails_on" in document(graph)) == (FailsOn.ANY, False)


def test_python_says_the_same() -> None:
    with AuthoredGraph("night", fails_on="leaves") as graph:
        load = step("load", allow_failure=True, trigger="none_failed")
        report = step("report", trigger="none_failed")
        load >> report >> step("clean-up", teardown=True) >> step("last", teardown=True)
    assert (graph.model.steps, graph.model.fails_on) == (STEPS, FailsOn.LEAVES)
    again = AuthoredGraph.from_networkx(graph.to_networkx())
    assert again.model == graph.model


def test_what_fails_a_run_is_part_of_a_graphs_version() -> None:
    """So no new run takes a plan that was compiled for another rule."""
    steps = (Step("a"), Step("b", after=("a",)))
    versions = {
        Graph("g", steps).version,
        Graph("g", steps, fails_on=FailsOn.LEAVES).version,
        Graph("g", (Step("a", allow_failure=True), steps[1])).version,
        Graph("g", (steps[0], Step("b", after=("a",), trigger=ALL_DONE))).version,
        Graph("g", (steps[0], Step("b", after=("a",), trigger=ALL_DONE, teardown=True))).version,
    }
    assert len(versions) == 5


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("fails_on: some", ["g.yaml:2: fails_on: expected any or leaves, got 'some'"]),
        ("fails_on: true", ["g.yaml:2: fails_on: expected any or leaves, got true"]),
    ],
)
def test_another_word_for_what_fails_a_run_is_refused(load: Load, text: str, complaints: list[str]) -> None:
    with pytest.raises(InvalidGraphError) as refused:
        load(f"name: g\n{text}\nsteps: {{a: }}\n")
    assert list(refused.value.lines) == complaints


def test_a_teardown_that_is_none_is_refused_with_all_that_is_wrong(load: Load) -> None:
    with pytest.raises(InvalidGraphError) as refused:
        load(
            "name: g\nsteps:\n  a: {teardown: true}\n  b: {after: a}\n"
            "  c: {after: b, teardown: true, trigger: all_success}\n  d: {after: b, allow_failure: maybe}\n"
        )
    assert list(refused.value.lines) == [
        "g.yaml:3: step 'a': teardown: a teardown comes after the steps it cleans up: name them in 'after'",
        "g.yaml:4: step 'b': after: only teardowns may come after the teardown 'a': name the steps before it instead",
        "g.yaml:5: step 'c': trigger: a teardown runs when all before it have ended: leave out the trigger all_success",
        "g.yaml:6: step 'd': allow_failure: expected true or false, got 'maybe'",
    ]


def test_editors_know_these_keys() -> None:
    schema = json_schema()
    assert schema["properties"]["fails_on"]["enum"] == ["any", "leaves"]
    steps = schema["$defs"]["StepKeys"]["properties"]
    assert (steps["teardown"]["type"], steps["allow_failure"]["type"]) == ("boolean", "boolean")
