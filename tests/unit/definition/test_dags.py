"""Real graphs, made by others: each loads, and those with a cycle are refused with the cycle named."""

import json
from pathlib import Path

import pytest
import yaml

from orchestrator import load_graph
from orchestrator.core.graph import Graph
from orchestrator.errors import InvalidGraphError
from tests.dags import ABSENT, DAGS, dag_document, dag_files, load_dag

pytestmark = pytest.mark.skipif(not DAGS.is_dir(), reason=ABSENT)

LARGEST = DAGS / "large" / "debian12-python-perl-desktop-closure.json"


def _ids(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", dag_files(), ids=_ids)
def test_a_real_graph_loads_and_keeps_its_shape(path: Path) -> None:
    stats = json.loads(path.read_text())["stats"]
    graph = load_dag(path)
    assert len(graph.steps) == stats["nodes"]
    assert graph.digraph.number_of_edges() == stats["edges"]
    assert len(graph.generations()) == stats["depth"] == len(graph.longest_path())
    assert graph.compile().version == graph.version


@pytest.mark.parametrize("path", dag_files("negative"), ids=_ids)
def test_a_real_cycle_is_named(path: Path) -> None:
    names = sorted(node["id"] for node in json.loads(path.read_text())["nodes"])
    with pytest.raises(InvalidGraphError) as refused:
        load_dag(path)
    assert refused.value.lines == (
        f"steps.{names[0]}.after: these steps wait for each other in a cycle: {' -> '.join([*names, names[0]])}",
    )


def test_the_largest_graph_is_the_same_in_yaml_and_json(tmp_path: Path) -> None:
    written = dag_document(LARGEST, command=["true"])
    (tmp_path / "g.json").write_text(json.dumps(written))
    (tmp_path / "g.yaml").write_text(yaml.dump(written, Dumper=yaml.CSafeDumper, sort_keys=False))
    graph = load_dag(LARGEST, command=["true"])
    assert isinstance(graph, Graph)
    assert len(graph.steps) == 13_028
    assert load_graph(tmp_path / "g.json").version == load_graph(tmp_path / "g.yaml").version == graph.version
