"""Graphs in one folder that share a name, among them graphs that the user did not name."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.definition.catalog import graph_files
from orchestrator.definition.load import invalid, load_graph
from orchestrator.deployment.lockfile.conflicts import namesake
from orchestrator.errors import UsageError


def duplicate_names(loaded: Mapping[Path, Graph]) -> dict[Path, tuple[str, ...]]:
    """The problems of graphs whose name another graph in their folder has too, by file.

    Each is compared with the others of its folder that are ``loaded``, and in ``graphs/`` with all that are there,
    except those in Python, which would have to be executed.
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
    """The names of the other valid graphs in a folder."""
    found: dict[Path, str] = {}
    for _, path in graph_files(folder):
        if path.suffix != ".py" and path.resolve() not in asked:
            with suppress(UsageError):  # it is reported when the user names that graph
                graph = load_graph(path)
                found |= {path: graph.name} if graph.deploy else {}
    return found


def _folder(path: Path) -> Path:
    """The folder that contains the graph: the parent folder, if the graph is a folder of its own."""
    return path.parent.parent if path.stem == "graph" else path.parent


def _beside(one: Path, other: Path) -> bool:
    return _folder(one).resolve() == _folder(other).resolve()
