"""Graphs made by others: each loads and keeps its shape, and one that is turned into a cycle is refused with it."""

import json
from pathlib import Path

import pytest
import yaml

from orchestrator import load_graph
from orchestrator.definition.build import build
from tests.real_graphs import LARGEST, graph_document, graph_names, real_graph, shape_of


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == LARGEST else []) for name in graph_names()]
)
def test_a_real_graph_loads_and_keeps_its_shape(name: str) -> None:
    shape, graph = shape_of(name), real_graph(name)
    assert len(graph.steps) == shape["steps"]
    assert graph.digraph.number_of_edges() == shape["edges"]
    assert len(graph.generations()) == shape["depth"] == len(graph.longest_path())
    assert graph.compile().version == graph.version


@pytest.mark.parametrize("name", graph_names(120))
def test_a_real_graph_whose_first_step_waits_for_the_last_is_refused_with_the_cycle(name: str) -> None:
    path = real_graph(name).longest_path()
    document = graph_document(name)
    document["steps"][path[0]]["after"] = [path[-1]]
    _, problems = build(document)
    assert len(problems) == 1
    assert "these steps wait for each other in a cycle: " in str(problems[0])
    assert {path[0], path[-1]} <= set(str(problems[0]).replace(":", " ").split())


@pytest.mark.slow
def test_the_largest_graph_is_the_same_in_yaml_and_json(tmp_path: Path) -> None:
    written = graph_document(LARGEST, command=["true"])
    (tmp_path / "g.json").write_text(json.dumps(written))
    (tmp_path / "g.yaml").write_text(yaml.dump(written, Dumper=yaml.CSafeDumper, sort_keys=False))
    graph = real_graph(LARGEST, command=["true"])
    assert len(graph.steps) == 13_028
    assert load_graph(tmp_path / "g.json").version == load_graph(tmp_path / "g.yaml").version == graph.version
