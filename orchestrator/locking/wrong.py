"""What keeps a valid graph from being deployed, or would fail there: found now, and not at three in the morning."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step
from orchestrator.definition.explain import NAMES
from orchestrator.definition.fields import GRAPH_NAME
from orchestrator.definition.importing import importable
from orchestrator.definition.texts import UnreadableError, decoded
from orchestrator.definition.wording import listed, quoted
from orchestrator.errors import Problem
from orchestrator.jobs.functions import UnknownFunctionError, describe, resolve

#: So many steps are named in a sentence.
_NAMED = 5


def dataflow_steps(graph: Graph) -> list[Step]:
    return [step for step in graph.steps if step.work.kind == "dataflow"]


def own_steps(graph: Graph) -> list[str]:
    """The steps whose own work, not what stands in for it, is a process or a function of one machine."""
    return [step.name for step in graph.steps if step.work.kind in ("command", "python")]


def named(steps: Sequence[str]) -> str:
    """``step a runs``, ``steps a and b run``."""
    more = [f"{len(steps) - _NAMED:,} more"] if len(steps) > _NAMED else []
    names = listed([*steps[:_NAMED], *more], "and")
    return f"step {names} runs" if len(steps) == 1 else f"steps {names} run"


def misnamed(name: str, paths: Sequence[Path]) -> Iterator[str]:
    """``name``: what ``start`` would be asked for; ``paths``: the files of that name."""
    if not re.fullmatch(GRAPH_NAME, name):
        called = "a deployed graph is called after its file or folder"
        yield f"{paths[-1]}: {called}: expected {NAMES[GRAPH_NAME]}, came {quoted(name)}"
    if len(paths) > 1:
        files = listed((str(path) for path in paths), "and")
        yield f"{paths[-1]}: expected one graph called {quoted(name)}, came {files}: rename all but one"


def problems_of(graph: Graph, folder: Path) -> list[Problem]:
    """A schedule that nobody would keep, and ``parameters_from`` that is no function in ``folder``."""
    return [*_unkept(graph), *_without_function(graph, folder)]


def _unkept(graph: Graph) -> Iterator[Problem]:
    own = own_steps(graph)
    if graph.schedule and own:
        came = f"expected a graph that can be deployed, but {named(own)} on one machine only (command or python)"
        yield Problem(("schedule",), f"{came}: leave the schedule out, or make it Dataflow's work")


def _without_function(graph: Graph, folder: Path) -> Iterator[Problem]:
    with importable(folder):
        for step in dataflow_steps(graph):
            if name := step.work.spec.get("parameters_from"):
                try:
                    resolve(str(name), str(folder))
                except UnknownFunctionError as error:
                    yield Problem(("steps", step.name, "parameters_from"), str(error))
                except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything
                    yield Problem(("steps", step.name, "parameters_from"), describe(error))


def unreadable(files: Collection[Path]) -> Iterator[str]:
    """The files that cannot be deployed: Terraform puts nothing but text into an archive."""
    for file in sorted(files):
        try:
            decoded(file.read_bytes())
        except UnreadableError as error:
            yield f"{file}:{error.flaw.line}: {error.flaw.message}"
