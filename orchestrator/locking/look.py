"""What is to be said of one graph: its entry in ``graphs.lock``, and the files that are deployed for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step
from orchestrator.definition.document import schedule_keys
from orchestrator.definition.load import invalid, load_graph
from orchestrator.errors import InvalidGraphError, UsageError
from orchestrator.locking.helpers import helpers
from orchestrator.locking.wrong import dataflow_steps, misnamed, named, own_steps, problems_of, unreadable


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph that is deployed; or one that is wrong, of which nothing but its file and its ``problems`` is told.

    ``regions``, ``templates``: what its Dataflow steps say without an expression.
    """

    file: str
    version: str | None = None
    problems: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    jobs_at_once: int = 0
    schedule: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A graph that is not deployed, and why."""

    file: str
    because: str


def look(
    root: Path, name: str, paths: Sequence[Path], graphs: Mapping[str, Sequence[Path]]
) -> tuple[Entry | Local, set[Path]]:
    """The entry of the graph ``name`` in the folder ``root``, and the files of the folder that are deployed for it.

    ``paths``: its files, of which there should be one; the last counts. ``graphs``: those of all graphs of ``root``.
    """
    path, deployed = paths[-1], set(paths)
    file = path.relative_to(root).as_posix()
    problems = list(misnamed(name, paths))
    try:
        graph = load_graph(path)
        if not problems and not graph.schedule and (own := own_steps(graph)):
            return Local(file, f"{named(own)} on one machine only: command or python"), set()
        deployed |= _with(path, graph, {other for files in graphs.values() for other in files})
        if found := problems_of(graph, path.parent):
            problems += invalid(path, found).lines
        problems += unreadable(deployed)
    except InvalidGraphError as error:
        problems += error.lines
    except UsageError as error:
        problems.append(str(error))
    if problems:
        return Entry(file, problems=tuple(_below(root, line) for line in problems)), deployed
    return _entry(file, graph), deployed


def _entry(file: str, graph: Graph) -> Entry:
    jobs = dataflow_steps(graph)
    return Entry(
        file,
        graph.version,
        regions=_said(jobs, "region"),
        templates=_said(jobs, "template"),
        jobs_at_once=jobs_at_once(graph),
        schedule=schedule_keys(graph.schedule) if graph.schedule else None,
    )


def jobs_at_once(graph: Graph) -> int:
    """How many Dataflow steps may run at the same time: the most of one generation, of which none waits for another.

    Steps of different generations can meet too, so it may be more; an exact answer would take hours for a large graph.
    """
    jobs = {step.name for step in dataflow_steps(graph)}
    return max(len(jobs.intersection(generation)) for generation in graph.generations())


def _said(jobs: Sequence[Step], option: str) -> tuple[str, ...]:
    texts = {str(step.work.spec[option]) for step in jobs if option in step.work.spec}
    return tuple(sorted(text for text in texts if "{{" not in text))


def _with(path: Path, graph: Graph, others: Collection[Path]) -> set[Path]:
    """What is deployed with a graph whose functions or own code may need it."""
    functions = any("parameters_from" in step.work.spec for step in dataflow_steps(graph))
    return set(helpers(path, others)) if functions or path.suffix == ".py" else set()


def _below(root: Path, text: str) -> str:
    """A sentence that names files as ``root`` has them, so that it is the same on any machine."""
    return text.replace(f"{root}/", "").replace(str(root), root.name)
