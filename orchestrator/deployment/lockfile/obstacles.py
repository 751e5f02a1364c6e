"""Finds what would keep a valid graph from being deployed, or make it fail in the cloud."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.kinds import kind_of, only_on_machine
from orchestrator.core.steps import Step
from orchestrator.definition.fields import GRAPH_NAME
from orchestrator.definition.nesting import Nest, NestingError
from orchestrator.definition.schema_errors import NAMES
from orchestrator.definition.text_files import UnreadableError, decoded
from orchestrator.errors import Problem
from orchestrator.jobs.python.arguments import OF_JOB, BindingError, bound
from orchestrator.jobs.python.functions import UnknownFunctionError, describe, resolve
from orchestrator.text import listed, quoted
from orchestrator.usercode import fresh, printing_aside

#: How many steps a message names.
_NAMED = 5


def named(steps: Sequence[str]) -> str:
    """``step a runs``, ``steps a and b run``."""
    more = [f"{len(steps) - _NAMED:,} more"] if len(steps) > _NAMED else []
    names = listed([*steps[:_NAMED], *more], "and")
    return f"step {names} runs" if len(steps) == 1 else f"steps {names} run"


def misnamed(name: str, paths: Sequence[Path]) -> Iterator[str]:
    """The problems with a graph's ``name``, by which ``start`` finds it. ``paths``: the files with that name."""
    if not re.fullmatch(GRAPH_NAME, name):
        called = "a deployed graph is named after its file or folder"
        yield f"{paths[-1]}: {called}: expected {NAMES[GRAPH_NAME]}, got {quoted(name)}"
    if len(paths) > 1:
        files = listed((str(path) for path in paths), "and")
        yield f"{paths[-1]}: expected one graph called {quoted(name)}, got {files}: rename all but one"


def functions(graph: Graph) -> Iterator[tuple[Step, str, str]]:
    """The users' functions that run in the cloud: for each, the step, the key that names the function, and its name."""
    for step in graph.works:
        kind = kind_of(step.work)
        if kind.cloud_function and (name := step.work.spec.get(kind.cloud_function)):
            yield step, kind.key if kind.cloud_function == "function" else kind.cloud_function, str(name)


def problems_of(graph: Graph, file: Path, deployed: Collection[Path]) -> list[Problem]:
    """Steps that cannot run in the cloud, a schedule without effect, and functions that cannot be called.

    ``file``: the graph's own. ``deployed``: the files of all graphs that are deployed.
    """
    return [*_undeployable(graph), *_left_behind(graph, file, deployed), *_without_function(graph, file.parent)]


def _left_behind(graph: Graph, file: Path, deployed: Collection[Path]) -> Iterator[Problem]:
    """The steps whose graphs are files that are not deployed: the cloud could start no run."""
    nest = Nest(file)
    for step in graph.works if graph.deploy else ():
        if "graph" not in step.work.spec:
            continue
        try:
            found = nest.path_of(str(step.work.spec["graph"]))
        except NestingError:  # which loading the graph has reported
            continue
        if found not in deployed:
            said = f"the graph in {quoted(os.path.relpath(found, file.parent))} is not deployed: it is no graph of the"
            fix = "put it there, as a file or as graph.yaml in a folder, or write deploy: false at the top of this one"
            yield Problem(("steps", step.name, "graph"), f"{said} folder that is locked: {fix}")


def _undeployable(graph: Graph) -> Iterator[Problem]:
    own = [_told(graph, step.name) for step in only_on_machine(graph.all_steps)]
    if not graph.deploy or not own:
        return
    if graph.schedule:
        message = f"expected a graph that can be deployed, but {named(own)} on one machine only (command or python)"
        fix = "use dataflow steps, or write deploy: false: then 'orchestrator serve' starts it on one machine"
        yield Problem(("schedule",), f"{message}: {fix}")
    else:
        name = own[0].partition("/")[0]
        where = ("steps", name, graph.by_name[name].work.kind)
        fix = "use a dataflow step with this as its local block, or write deploy: false at the top of the graph"
        yield Problem(where, f"expected a graph that can be deployed, but {named(own)} on one machine only: {fix}")


def _told(graph: Graph, name: str) -> str:
    """The whole name of a step as people know it: what a step with ``map`` does for each item is that step itself."""
    head, *rest = name.split("/")
    return "/".join([head, *(rest[1:] if kind_of(graph.by_name[head].work).maps else rest)])


def _without_function(graph: Graph, folder: Path) -> Iterator[Problem]:
    params = {param.name: None for param in graph.params}
    with fresh(folder) as namespace, printing_aside():
        for step, key, name in functions(graph):
            try:
                bound(resolve(name, str(folder), namespace), params, dict.fromkeys(OF_JOB))
            except BindingError as error:
                yield Problem(("steps", step.name, key), f"function {quoted(name)}: {error}")
            except UnknownFunctionError as error:
                yield Problem(("steps", step.name, key), str(error))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything
                yield Problem(("steps", step.name, key), describe(error))


def unreadable(files: Collection[Path]) -> Iterator[str]:
    """A message for each file that cannot be deployed, because Terraform can only put text into an archive."""
    for file in sorted(files):
        try:
            decoded(file.read_bytes())
        except UnreadableError as error:
            yield f"{file}:{error.flaw.line}: {error.flaw.message}"
