"""Finds and loads the graphs that steps of a graph run, and checks what the steps give them."""

import os
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path as FilePath

from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import MAX_DEPTH, needed, version_of
from orchestrator.core.plan import Inner
from orchestrator.core.steps import Json, Step
from orchestrator.definition import params
from orchestrator.definition.catalog import find_graph, graph_files
from orchestrator.errors import NotFoundError, OrchestratorError, Problem
from orchestrator.expressions import are_in
from orchestrator.text import did_you_mean, quoted

#: The files of the graphs that are being loaded, each because a step of the one before runs it.
_chain: ContextVar[tuple[FilePath, ...]] = ContextVar("chain", default=())


class NestingError(OrchestratorError):
    """A step cannot run that graph."""


class Nest:
    """Loads the graphs that the steps of the graph in ``file`` run, each once."""

    def __init__(self, file: FilePath) -> None:
        self._file = file.resolve()
        self._found: dict[str, tuple[Graph, Inner] | NestingError] = {}
        self.inners: dict[str, Inner] = {}

    def inner(self, name: str) -> Inner | None:
        """The graph that is called ``name`` here; None if there is none that a step can run."""
        found = self._get(name)
        if isinstance(found, NestingError):
            return None
        self.inners[version_of(found[1])] = found[1]
        return found[1]

    def body(self, step: Step) -> str:
        """The version of the graph that has only ``step``, which is done for each item."""
        graph = Graph(step.name, (step,), inners=needed((step,), self.inners))
        inner = Inner(graph.compile(), file=self._file.name)
        self.inners[version_of(inner)] = inner
        return version_of(inner)

    def problems(self, step: Step, deploy: bool) -> Iterator[Problem]:
        """What is wrong with the graph that ``step`` runs, and with the params that it is given.

        ``deploy``: the graph that has the step is meant for the cloud.
        """
        name, path = str(step.work.spec["graph"]), ("steps", step.name)
        found = self._get(name)
        if isinstance(found, NestingError):
            yield Problem((*path, "graph"), str(found))
            return
        graph, given = found[0], step.work.spec.get("params")
        for param, said in _misfits(graph, given if isinstance(given, dict) else {}):
            yield Problem((*path, "params", param), f"graph {quoted(graph.name)}: {said}")
        if deploy and not graph.deploy:
            said = f"graph {quoted(graph.name)} says deploy: false, so it runs on one machine only: say so here too"
            yield Problem((*path, "graph"), said)

    def _get(self, name: str) -> tuple[Graph, Inner] | NestingError:
        if name not in self._found:
            try:
                self._found[name] = self._loaded(name)
            except NestingError as error:
                self._found[name] = error
        return self._found[name]

    def _loaded(self, name: str) -> tuple[Graph, Inner]:
        path = self.path_of(name)
        above = (*_chain.get(), self._file)
        way = " -> ".join(_name(file) for file in (*above, path))
        if path in above:
            raise NestingError(f"this graph would run inside itself: {way}")
        if len(above) > MAX_DEPTH:
            raise NestingError(f"graphs run graphs at most {MAX_DEPTH} levels deep, and this is one more: {way}")
        token = _chain.set(above)
        try:
            graph = load(path)
        except OrchestratorError as error:
            first = str(error).splitlines()[0]
            raise NestingError(f"the graph {quoted(name)} cannot be used: {first}") from error
        finally:
            _chain.reset(token)
        folder = os.path.relpath(path.parent, self._file.parent)
        outputs, unsafe = dict(graph.outputs), graph.unsafe_params
        return graph, Inner(graph.compile(), graph.params, outputs, unsafe, folder, path.name)

    def path_of(self, name: str) -> FilePath:
        """The file of the graph ``name``: found as other graphs are, and beside the graph that has the step.

        The cloud finds it only beside that. Raises NestingError.
        """
        if "{{" in name:
            raise NestingError(f"expected the name of a graph, got {quoted(name)}: no expression can choose the graph")
        folder = self._file.parent
        beside = graph_files(folder) + (graph_files(folder.parent) if self._file.stem == "graph" else [])
        files = [file.resolve() for known, file in beside if known == name]
        if len(set(files)) == 1:
            return files[0]
        try:
            path = find_graph(name, folder)
        except NotFoundError as error:
            hint = did_you_mean(name, [known for known, _ in beside])
            raise NestingError(f"no graph is called {quoted(name)}{hint}") from error
        except OrchestratorError as error:
            raise NestingError(str(error)) from error
        return path.resolve()


def load(path: FilePath) -> Graph:
    """The graph in ``path``. What loads graphs builds on this file, so it is only imported when it is needed."""
    graph = import_module("orchestrator.definition.load").load_graph(path)
    assert isinstance(graph, Graph)
    return graph


def _name(file: FilePath) -> str:
    return file.parent.name if file.stem == "graph" else file.stem


def _misfits(graph: Graph, given: dict[str, Json]) -> Collection[tuple[str, str]]:
    """What is wrong with these params, whatever the values of their expressions will be."""
    later = {name for name, value in given.items() if are_in({name: value})}
    known = {param.name for param in graph.params}
    some = [param for param in graph.params if param.name not in later]
    plain = {name: value for name, value in given.items() if name not in later}
    unknown = [(name, f"there is no such param{did_you_mean(name, known)}") for name in sorted(later - known)]
    return [*params.misfits(some, plain), *unknown]
