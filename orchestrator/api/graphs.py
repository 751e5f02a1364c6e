"""The graphs that the Python API takes."""

import os
from pathlib import Path
from typing import TypeAlias

from orchestrator.core import graph as core
from orchestrator.definition.authoring import Graph, file_of
from orchestrator.definition.catalog import find_graph
from orchestrator.definition.load import load_graph

AnyPath: TypeAlias = str | os.PathLike[str]

#: A graph that is written in Python, a loaded one, or the path or name of one.
AnyGraph: TypeAlias = Graph | core.Graph | AnyPath


def chosen(graph: AnyGraph) -> tuple[core.Graph, Path]:
    """The graph, checked, and its file, or a path beside which its modules are."""
    match graph:
        case Graph():
            return graph.model, file_of(graph)
        case core.Graph():
            return graph, Path(f"{graph.name}.yaml")
        case _:
            path = find_graph(os.fspath(graph))
            return load_graph(path), path
