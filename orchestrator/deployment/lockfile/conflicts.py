"""What is wrong with graphs only because they are deployed together: they share names, and the functions' processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.definition.load import invalid
from orchestrator.deployment.lockfile.entry import Entry, Examined
from orchestrator.errors import Problem
from orchestrator.text import listed, quoted


def conflicts(root: Path, files: Mapping[str, Path], examined: Mapping[str, Examined]) -> dict[str, list[str]]:
    """The problems of each of the graphs, whose files ``files`` are, that it has because of the others."""
    deployed = {name: it for name, it in examined.items() if isinstance(it.entry, Entry)}
    found: dict[str, list[str]] = {}
    for name, it in deployed.items():
        others = {other: its for other, its in deployed.items() if other != name}
        problems = [*_namesakes(files[name], it, others), *_disagreements(files[name].parent, it, others)]
        if problems:
            found[name] = [line.replace(f"{root}/", "") for line in problems]
    return found


def _namesakes(file: Path, it: Examined, others: Mapping[str, Examined]) -> Iterator[str]:
    """By its name a graph is told from others in run ids, labels and metrics."""
    same = [other.entry.file for other in others.values() if it.called is not None and other.called == it.called]
    if same:
        yield from invalid(file, [namesake(str(it.called), same)]).lines


def namesake(name: str, others: list[str]) -> Problem:
    """That ``others``, which are files, call their graph by the same name."""
    taken = f"the graph of {listed(others, 'and')} is called {quoted(name)} too"
    return Problem(("name",), f"{taken}: give each graph a name of its own")


def _disagreements(folder: Path, it: Examined, others: Mapping[str, Examined]) -> Iterator[str]:
    """One process runs the functions of all graphs, so a variable has one value."""
    for name, value in sorted(_variables(it.entry).items()):
        for other in others.values():
            if _variables(other.entry).get(name, value) != value:
                where = f"{folder}: the variable {name} has another value for {other.entry.file}"
                yield f"{where}: one process runs the functions of all graphs, so rename it, or say the same"


def _variables(entry: object) -> dict[str, object]:
    return {**entry.env, **entry.secrets} if isinstance(entry, Entry) else {}
