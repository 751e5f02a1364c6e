"""Graphs of one folder that have one name, which only their files tell apart. It loads those that nobody asked for."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.definition.catalog import graph_files
from orchestrator.definition.load import invalid, load_graph
from orchestrator.deployment.lockfile.together import namesake
from orchestrator.errors import UsageError


def namesakes(loaded: Mapping[Path, Graph]) -> dict[Path, tuple[str, ...]]:
    """What is wrong with the names of graphs, by the files that they were loaded from: those of one name, if any.

    Each is compared with the others of its folder that are ``loaded``; and in ``graphs/`` with all that are there, but
    for those in Python, which would run.
    """
    known = {path: graph.name for path, graph in loaded.items() if graph.deploy}
    graphs = Path("graphs")
    asked = {path.resolve() for path in known}
    others = _unasked(graphs, asked) if any(_folder(path) == graphs.resolve() for path in asked) else {}
    everything = {**known, **others}
    found = {}
    for path, name in known.items():
        same = [other for other in everything if other != path and everything[other] == name and _beside(other, path)]
        if same:
            found[path] = invalid(path, [namesake(name, sorted(map(str, same)))]).lines
    return found


def _unasked(folder: Path, asked: Collection[Path]) -> dict[Path, str]:
    """The names of the other graphs in a folder, as far as they can be read."""
    found: dict[Path, str] = {}
    for _, path in graph_files(folder):
        if path.suffix != ".py" and path.resolve() not in asked:
            with suppress(UsageError):  # which is told when somebody asks for it
                graph = load_graph(path)
                found |= {path: graph.name} if graph.deploy else {}
    return found


def _folder(path: Path) -> Path:
    """The folder in which a graph is one among others."""
    return path.parent.parent if path.stem == "graph" else path.parent


def _beside(one: Path, other: Path) -> bool:
    return _folder(one).resolve() == _folder(other).resolve()
