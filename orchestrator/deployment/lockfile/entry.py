"""Makes the entry of one graph in ``graphs.lock``, and finds the files that are deployed with it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.core.kinds import only_in_cloud
from orchestrator.core.steps import Step
from orchestrator.definition.document import schedule_keys
from orchestrator.definition.load import invalid, load_graph
from orchestrator.definition.untrusted import deployment_values
from orchestrator.deployment.lockfile.folder_settings import FolderSettings, Secret, folder_settings
from orchestrator.deployment.lockfile.helpers import helpers
from orchestrator.deployment.lockfile.imports import module_files
from orchestrator.deployment.lockfile.modules import lacking
from orchestrator.deployment.lockfile.obstacles import functions, misnamed, problems_of, unreadable
from orchestrator.errors import InvalidGraphError, UsageError

#: Keys of an entry that are left out of the file if they are empty.
OPTIONAL = ("requirements", "env", "secrets", "classic", "values")


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph that is deployed; or one with ``problems``, whose other fields except ``file`` are empty.

    ``regions``, ``templates``: those that its Dataflow steps name without an expression; ``classic``: those that are
    not Flex templates. ``requirements`` (a file below the root), ``env`` and ``secrets`` are what its folder contains
    for the functions. ``values``: the names of the deployment's values that it uses.
    """

    file: str
    version: str | None = None
    problems: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    jobs_at_once: int = 0
    schedule: dict[str, Any] | None = None
    requirements: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    classic: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Local:
    """A graph that is not deployed, and why."""

    file: str
    because: str


@dataclass(frozen=True, slots=True)
class Examined:
    """The ``entry``, the ``files`` that are deployed for it, and ``called``: the name of a deployed graph."""

    entry: Entry | Local
    files: Set[Path]
    called: str | None = None


def examine(root: Path, name: str, paths: Sequence[Path], graphs: Mapping[str, Sequence[Path]]) -> Examined:
    """Examine the graph ``name`` in the folder ``root``.

    ``paths``: its files; there should be only one, and the last counts. ``graphs``: the files of all graphs.
    """
    path, deployed = paths[-1], set(paths)
    file = path.relative_to(root).as_posix()
    problems = list(misnamed(name, paths))
    graph, wrong = _loaded(path)
    problems += wrong
    if graph is not None and not problems and not graph.deploy:
        return Examined(Local(file, "it says deploy: false"), set())
    called = graph.name if graph and graph.deploy and not wrong else None
    if graph is not None:
        deployed |= _with(path, graph, {other for files in graphs.values() for other in files})
    found, settings = _found(path, graph, {files[-1].resolve() for files in graphs.values()})
    problems += [*found, *unreadable(deployed)]
    if problems or graph is None:
        return Examined(Entry(file, problems=tuple(_below(root, line) for line in problems)), deployed, called)
    return Examined(_entry(root, file, graph, settings), deployed, called)


def _loaded(path: Path) -> tuple[Graph | None, Sequence[str]]:
    """The graph of a file, and its problems. With problems, the graph may be incomplete or None."""
    try:
        return load_graph(path), ()
    except InvalidGraphError as error:
        return error.graph, error.lines
    except UsageError as error:
        return None, (str(error),)


def _found(path: Path, graph: Graph | None, deployed: Collection[Path]) -> tuple[list[str], FolderSettings]:
    """Further problems of a graph, which may be incomplete, and what its folder contains for the functions."""
    found = problems_of(graph, path, deployed) if graph is not None else []
    problems = list(invalid(path, found).lines) if found else []
    if path.suffix != ".py" and (graph is None or not any(functions(graph))):
        return problems, FolderSettings()
    settings = folder_settings(path.parent)
    problems += settings.problems
    if graph is not None and not found:
        problems += lacking(path.parent, _starts(path, graph))
    return problems, settings


def _entry(root: Path, file: str, graph: Graph, settings: FolderSettings) -> Entry:
    jobs = only_in_cloud(graph.all_steps)
    return Entry(
        file,
        graph.version,
        regions=_said(jobs, "region"),
        templates=_said(jobs, "template"),
        classic=_said([step for step in jobs if step.work.spec.get("classic") is True], "template"),
        jobs_at_once=jobs_at_once(graph),
        schedule=schedule_keys(graph.schedule) if graph.schedule else None,
        requirements=settings.requirements.relative_to(root).as_posix() if settings.requirements else None,
        env=settings.env,
        secrets=settings.secrets,
        values=tuple(deployment_values(graph.all_steps)),
    )


def jobs_at_once(graph: Graph) -> int:
    """An estimate of how many Dataflow steps may run at the same time: the most in one generation.

    Steps of different generations can overlap, so it may be more; the exact number would take hours to compute.
    """
    jobs = Counter(step.name.partition("/")[0] for step in only_in_cloud(graph.all_steps))
    return max(sum(jobs[name] for name in generation) for generation in graph.generations())


def _said(jobs: Sequence[Step], option: str) -> tuple[str, ...]:
    texts = {str(step.work.spec[option]) for step in jobs if option in step.work.spec}
    return tuple(sorted(text for text in texts if "{{" not in text))


def _with(path: Path, graph: Graph, others: Collection[Path]) -> set[Path]:
    """The files beside a graph that are deployed because its functions or its own code may need them."""
    return set(helpers(path, others)) if path.suffix == ".py" or any(functions(graph)) else set()


def _starts(path: Path, graph: Graph) -> set[Path]:
    """The files of a graph's own code that a function's process imports first."""
    modules = {name.partition(":")[0] for _, _, name in functions(graph)}
    own = {path} if path.suffix == ".py" else set()
    return own.union(*(module_files(path.parent, module) for module in modules))


def _below(root: Path, text: str) -> str:
    """A message with paths relative to ``root``, so that it is the same on any machine."""
    return text.replace(f"{root}/", "").replace(str(root), root.name)
