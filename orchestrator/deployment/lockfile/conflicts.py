"""Finds problems of graphs that are deployed together: equal names, and conflicting variables."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.definition.load import invalid
from orchestrator.deployment.lockfile.entry import Entry, Examined
from orchestrator.errors import Problem
from orchestrator.text import listed, quoted


def conflicts(root: Path, files: Mapping[str, Path], examined: Mapping[str, Examined]) -> dict[str, list[str]]:
    """By name, the problems that each graph has because of the others. ``files``: the file of each graph."""
    deployed = {name: it for name, it in examined.items() if isinstance(it.entry, Entry)}
    found: dict[str, list[str]] = {}
    for name, it in deployed.items():
        others = {other: its for other, its in deployed.items() if other != name}
        problems = [*_namesakes(files[name], it, others), *_disagreements(files[name].parent, it, others)]
        if problems:
            found[name] = [line.replace(f"{root}/", "") for line in problems]
    return found


def _namesakes(file: Path, it: Examined, others: Mapping[str, Examined]) -> Iterator[str]:
    """Graphs with the same name: run ids, labels and metrics could not distinguish them."""
    same = [other.entry.file for other in others.values() if it.called is not None and other.called == it.called]
    if same:
        yield from invalid(file, [namesake(str(it.called), same)]).lines


def namesake(name: str, others: list[str]) -> Problem:
    """The problem that the graphs in the files ``others`` have the same name."""
    taken = f"the graph of {listed(others, 'and')} is also called {quoted(name)}"
    return Problem(("name",), f"{taken}: give each graph its own name")


def _disagreements(folder: Path, it: Examined, others: Mapping[str, Examined]) -> Iterator[str]:
    """Variables with two values: one process runs the functions of all graphs, so each can have only one."""
    for name, value in sorted(_variables(it.entry).items()):
        for other in others.values():
            if _variables(other.entry).get(name, value) != value:
                where = f"{folder}: the variable {name} has a different value for {other.entry.file}"
                yield f"{where}: one process runs the functions of all graphs, so rename it, or use the same value"


def _variables(entry: object) -> dict[str, object]:
    return {**entry.env, **entry.secrets} if isinstance(entry, Entry) else {}
