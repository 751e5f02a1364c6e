"""Graphs from outside, of which tests/fixtures/graphs keeps the shape: edges and trigger rules, the steps numbered."""

from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.definition.build import build
from orchestrator.errors import InvalidGraphError
from tests.fixtures import FIXTURES, fixture

#: The one with 13,028 steps.
LARGEST = "debian-packages"


def shape_of(name: str) -> dict[str, Any]:
    """``steps``, ``edges``, ``depth``: numbers; ``after``: a list of steps for each step; ``rules``: step -> rule."""
    found: dict[str, Any] = fixture(f"graphs/{name}")
    return found | {"rules": {int(number): rule for number, rule in found["rules"].items()}}


def graph_names(most: int | None = None) -> list[str]:
    """Of all such graphs, or of those of at most ``most`` steps."""
    names = sorted(path.stem for path in (FIXTURES / "graphs").glob("*.json"))
    return [name for name in names if most is None or shape_of(name)["steps"] <= most]


def graph_document(name: str, **keys: Any) -> dict[str, Any]:
    """What a graph file would say. ``keys`` are given to each step, such as ``command=["true"]``."""
    shape = shape_of(name)
    steps: dict[str, dict[str, Any]] = {}
    for number, after in enumerate(shape["after"]):
        rule = {"trigger": shape["rules"][number]} if number in shape["rules"] else {}
        waits = {"after": [f"s{before}" for before in after]} if after else {}
        steps[f"s{number}"] = {**keys, **rule, **waits}
    return {"name": name, "steps": steps}


def real_graph(name: str, **keys: Any) -> Graph:
    """That graph. Raises InvalidGraphError if it is none."""
    graph, problems = build(graph_document(name, **keys))
    if graph is None or problems:
        raise InvalidGraphError(problems)
    return graph
