"""Graphs written in Python mean what the same file would mean, and are refused in the same words."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import networkx as nx
import pytest

from orchestrator import Graph, load_graph, step
from orchestrator.core import graph as core
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.definition.schema import StepKeys
from orchestrator.errors import InvalidGraphError, UsageError
from orchestrator.text import listed
from tests.unit.definition.conftest import Load
from tests.unit.definition.test_good_files import DAILY_SALES


def make() -> None:
    """A function for a step."""


def daily_sales() -> Graph:
    with Graph(
        "daily-sales",
        description="Orders and customers in parallel, then one report.",
        params={"date": {"type": "date", "default": "today"}, "full": True},
        defaults={
            "retry": {"attempts": 3, "delay": "60s", "backoff": 2, "max_delay": "1h"},
            "timeout": "6h",
            "check": {"delay": "30s", "every": "10m"},
            "parameters": {"setup_file": "/template/setup.py"},
            "dataflow": {"service_account": "df@p.iam.gserviceaccount.com", "max_workers": 4},
        },
    ) as graph:
        orders = step(
            "extract-orders",
            dataflow={
                "template": "gs://bucket/orders.json",
                "region": "europe-west4",
                "parameters": {"input": "gs://raw/{{ params.date }}/orders-*.csv"},
            },
            local={"command": ["python", Path("pipelines/orders.py"), "--date={{ params.date }}"]},
        )
        customers = step(
            "extract-customers",
            dataflow={"template": "gs://bucket/customers.json", "region": "europe-west4", "max_workers": 8},
            parameters_from="pipelines.params:customers",
            job_name="customers",
            retry={"attempts": 1},
            local={"python": "pipelines.local:customers", "args": {"rows": 5}},
        )
        report = step(
            "report",
            trigger="all_success",
            when="{{ params.full }}",
            description="One report",
            timeout=timedelta(minutes=30),
            dataflow={
                "template": "gs://bucket/report.json",
                "region": "europe-west4",
                "parameters": {"setup_file": "/own.py"},
            },
        )
        notify = step(
            "notify",
            trigger=TriggerRule.ALL_DONE,
            command=("notify", 5),
            env={"ROWS": "{{ steps.report.outputs.rows }}"},
            cwd=Path("tools"),
        )
        [orders, customers] >> report >> notify
    return graph


def test_python_and_yaml_give_the_same_graph(load: Load) -> None:
    graph = daily_sales()
    assert graph.model == load(DAILY_SALES)
    assert graph.model.version == load(DAILY_SALES).version
    assert graph.name == "daily-sales"


def _after(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {step.name: step.after for step in graph.model.steps}


DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def test_arrows_join_steps_and_lists_of_steps() -> None:
    with Graph("g") as graph:
        a, b, c, d = (step(name) for name in "abcd")
        a >> [b, c] >> d
    assert _after(graph) == DIAMOND


def test_arrows_may_point_back() -> None:
    with Graph("g") as graph:
        a, b, c, d = (step(name) for name in "abcd")
        d << (b, c) << a
    assert _after(graph) == DIAMOND


def test_a_list_may_stand_first_on_either_side() -> None:
    with Graph("g") as graph:
        a, b, c, d = (step(name) for name in "abcd")
        [b, c] << a
        [b, c] >> d
    assert _after(graph) == DIAMOND


def test_several_steps_may_follow_several() -> None:
    with Graph("g") as graph:
        a, b, c, d = (step(name) for name in "abcd")
        a >> [b, [c]] >> (x for x in [d, step("e")])
    assert _after(graph) == {**DIAMOND, "e": ("b", "c")}


def test_edges_may_be_keys_too() -> None:
    graph = Graph("g")
    a = graph.step("a")
    b = graph.step("b", after=a, next="d")
    c = graph.step("c", after=[a], next=["d"])
    graph.step("d", after=[b, c])
    b >> c
    assert _after(graph) == {**DIAMOND, "c": ("a", "b")}


def test_a_function_of_the_program_that_makes_the_graph_is_refused_when_the_graph_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step runs in another program, in which nobody finds it."""
    monkeypatch.setattr(make, "__module__", "__main__")
    with Graph("g") as graph:
        step("a", python=make)
        step("b", dataflow={"template": "gs://b/t", "region": "r"}, parameters_from=make)
    with pytest.raises(InvalidGraphError) as refused:
        _ = graph.model
    said = (
        "expected module:function, such as pipelines.orders:extract, got '__main__:make': where the step runs, this "
        "is a different program: move the function into a module beside the graph's file"
    )
    assert [message for _, message in _here(refused.value.lines)] == [
        f"step 'a': python: {said}",
        f"step 'b': parameters_from: {said}",
    ]


def test_python_values_become_what_a_file_would_say() -> None:
    with Graph("g", params={"d": date(2025, 1, 31)}) as graph:
        step("a", python=make, args={"n": (1, 2)}, isolated=True)
        step("b", wait=timedelta(seconds=1.5))
        step("c", when=True)
    assert graph.model == core.Graph(
        "g",
        (
            Step("a", Work("python", {"function": f"{__name__}:make", "args": {"n": [1, 2]}, "isolated": True})),
            Step("b", Work("wait", {"seconds": 1.5})),
            Step("c", when="{{ true }}"),
        ),
        (core.Param("d", "date", "2025-01-31"),),
    )


def test_graphs_may_be_written_inside_each_other() -> None:
    with Graph("outer") as outer:
        step("a")
        with Graph("inner") as inner:
            step("b")
        step("c")
    assert [s.name for s in outer.model.steps] == ["a", "c"]
    assert [s.name for s in inner.model.steps] == ["b"]


def _here(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Line number and message, of lines that are about this file."""
    found = []
    for line in lines:
        file, number, message = line.split(":", 2)
        assert file == __file__
        found.append((int(number), message.strip()))
    return found


def test_what_is_wrong_is_said_with_the_line_of_python() -> None:
    start = test_what_is_wrong_is_said_with_the_line_of_python.__code__.co_firstlineno
    with Graph("G", params={"full": True}) as graph:
        a = step("a", retry={"attempts": 0})
        b = step("b", comand="echo", when="{{ params.ful }}")  # type: ignore[call-arg]
        a >> b >> a
        step("a", wait="5")
        step("c", python=lambda: None)
    with pytest.raises(InvalidGraphError) as refused:
        _ = graph.model
    assert _here(refused.value.lines) == [
        (
            start + 2,
            "name: expected at most 63 lower-case letters, digits and '-', with no '-' at an end, got 'G'",
        ),
        (start + 3, "step 'a': retry.attempts: expected at least 1, got the number 0"),
        (start + 3, "step 'a': after: these steps wait for each other in a cycle: a -> b -> a"),
        (start + 4, "step 'b': comand: unknown key (did you mean 'command'?)"),
        (start + 4, "step 'b': when: no param is called 'ful' (did you mean 'full'?)"),
        (start + 6, f"step 'a': this name is used by two steps, first in {__file__}:{start + 3}"),
        (
            start + 7,
            "step 'c': python: expected module:function, such as pipelines.orders:extract, got "
            f"'{(__name__ + ':test_what_is_wrong_is_said_with_the_line_of_python.<locals>.<lambda>')[:57]}...'",
        ),
    ]


def test_an_empty_graph_is_refused() -> None:
    with pytest.raises(InvalidGraphError, match="steps: expected at least one step, got none"):
        _ = Graph("g").model


def test_a_step_needs_a_graph() -> None:
    with pytest.raises(UsageError, match=re.escape("step('a'): expected a call inside 'with Graph(…) as graph:'")):
        step("a")


def test_only_steps_of_one_graph_can_be_joined() -> None:
    a, b = Graph("g").step("a"), Graph("h").step("b")
    with pytest.raises(UsageError, match="step 'a' and step 'b' belong to different graphs"):
        a >> b
    with pytest.raises(UsageError, match="expected a step or a list of steps beside '>>' or '<<', got 'b'"):
        a >> "b"
    with pytest.raises(UsageError, match=re.escape("expected two steps as 'step(...)' returns them, got 'b'")):
        a.graph.connect(a, "b")  # type: ignore[arg-type]


def test_a_graph_goes_to_networkx_and_back() -> None:
    graph = daily_sales()
    digraph = graph.to_networkx()
    assert set(digraph.edges) == {
        ("extract-orders", "report"),
        ("extract-customers", "report"),
        ("report", "notify"),
    }
    assert Graph.from_networkx(digraph).model == graph.model
    assert Graph.from_networkx(graph.model.to_networkx()).model.version == graph.model.version


def test_a_networkx_graph_becomes_a_graph() -> None:
    digraph: nx.DiGraph[str] = nx.DiGraph(params={"n": 3}, description="mine")
    digraph.add_node("a", command=["echo", "{{ params.n }}"])
    digraph.add_edge("a", "b")
    assert Graph.from_networkx(digraph, "mine").model == core.Graph(
        "mine",
        (Step("a", Work("command", {"command": ["echo", "{{ params.n }}"]})), Step("b", after=("a",))),
        (core.Param("n", "int", 3),),
        "mine",
    )


def test_a_networkx_graph_that_cannot_be_one_is_refused() -> None:
    start = test_a_networkx_graph_that_cannot_be_one_is_refused.__code__.co_firstlineno
    with pytest.raises(UsageError, match=re.escape("expected a networkx.DiGraph, got a Python Graph")):
        Graph.from_networkx(nx.Graph())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=re.escape("expected a networkx.DiGraph, got the number 3")):
        Graph.from_networkx(3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=re.escape("expected a networkx.DiGraph, got a Python MultiDiGraph")):
        Graph.from_networkx(nx.MultiDiGraph())
    with pytest.raises(UsageError, match="expected the names of steps as nodes, got the number 1"):
        Graph.from_networkx(nx.DiGraph([(1, 2)]))
    digraph = nx.DiGraph([("a", "b"), ("b", "a")])
    digraph.add_node("a", weight_=1)
    graph = Graph.from_networkx(digraph)
    with pytest.raises(InvalidGraphError) as refused:
        _ = graph.model
    assert [message for _, message in _here(refused.value.lines)] == [
        f"step 'a': weight_: unknown key: the keys here are {listed(StepKeys.model_fields, 'and')}",
        "step 'a': after: these steps wait for each other in a cycle: a -> b -> a",
    ]
    assert {number for number, _ in _here(refused.value.lines)} == {start + 12}


def test_the_model_can_be_loaded_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "g.py").write_text("from orchestrator import Graph, step\nwith Graph('g') as graph:\n    step('a')\n")
    assert load_graph(tmp_path / "g.py") == core.Graph("g", (Step("a"),))
