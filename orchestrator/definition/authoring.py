"""Graphs written in Python: ``with Graph("daily-sales") as graph: step("orders", command=[…]) >> report``.

The keys and the checks are those of the file format: this module only collects the keys in the same document.
"""

import pathlib as paths
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from orchestrator.core import graph as core
from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.steps import Step
from orchestrator.definition.build import build
from orchestrator.definition.document import active_keys, notify_keys, param_keys, schedule_keys, step_keys
from orchestrator.definition.handles import StepArguments, StepHandle, plain
from orchestrator.definition.kinds import seconds_text
from orchestrator.errors import InvalidGraphError, Problem, UsageError
from orchestrator.text import Path, place, shown

if TYPE_CHECKING:
    import networkx as nx

_open: "ContextVar[Graph | None]" = ContextVar("graph", default=None)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A line of a Python file."""

    file: str
    line: int


class Graph:
    """A graph that is being written. ``step`` adds steps inside ``with``, ``graph.step`` anywhere.

    ``params``, ``defaults``, ``schedule``, ``fails_on``, ``deploy``, ``unsafe_params``, ``outputs``, ``notify``,
    ``max_parallel``, ``deadline`` and ``max_active_runs`` are as in a graph file.
    Nothing is checked before ``model`` is read.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        params: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        schedule: str | Mapping[str, Any] | None = None,
        fails_on: str | None = None,
        deploy: bool | None = None,
        unsafe_params: Sequence[str] | None = None,
        outputs: Mapping[str, Any] | None = None,
        notify: Sequence[str] | Mapping[str, Any] | None = None,
        max_parallel: int | None = None,
        deadline: str | timedelta | None = None,
        max_active_runs: int | Mapping[str, Any] | None = None,
    ) -> None:
        about = {"description": description, "params": params, "defaults": defaults, "schedule": schedule}
        given = {
            "name": name,
            **about,
            "fails_on": fails_on,
            "deploy": deploy,
            "unsafe_params": unsafe_params,
            "outputs": outputs,
            "notify": notify,
            "max_parallel": max_parallel,
            "deadline": deadline,
            "max_active_runs": max_active_runs,
        }
        self._document: dict[str, Any] = {key: plain(value) for key, value in given.items() if value is not None}
        self._document["steps"] = {}
        self._places: dict[Path, _Place] = {(): _caller()}
        self._repeated: list[tuple[_Place, Problem]] = []
        self._edges: list[tuple[str, str]] = []
        self._tokens: list[Token[Graph | None]] = []

    @property
    def name(self) -> str:
        return str(self._document["name"])

    def __enter__(self) -> Self:
        self._tokens.append(_open.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _open.reset(self._tokens.pop())

    def step(self, name: str, **keys: Unpack[StepArguments]) -> StepHandle:
        """Add a step. Returns it, to be joined to others with ``>>``."""
        return self._add(name, keys, _caller())

    def _add(self, name: str, keys: Mapping[str, Any], where: _Place) -> StepHandle:
        if name in self._document["steps"]:
            first = self._places["steps", name]
            problem = Problem(("steps", name), f"this name is used by two steps, first in {first.file}:{first.line}")
            self._repeated.append((where, problem))
        else:
            self._document["steps"][name] = {key: plain(value) for key, value in keys.items()}
            self._places["steps", name] = where
        return StepHandle(self, name)

    def connect(self, first: StepHandle, second: StepHandle) -> None:
        """Make ``second`` come after ``first``, as ``first >> second`` does."""
        for handle in (first, second):
            if not isinstance(handle, StepHandle):
                raise UsageError(f"expected two steps as 'step(...)' returns them, got {shown(handle)}")
            if handle.graph is not self:
                raise UsageError(f"step '{first.name}' and step '{second.name}' belong to different graphs")
        self._edges.append((first.name, second.name))

    @property
    def document(self) -> dict[str, Any]:
        """The same graph as the document of a file."""
        steps = {name: dict(keys) for name, keys in self._document["steps"].items()}
        for first, second in self._edges:
            others = steps[second].get("after", [])
            steps[second]["after"] = [*(others if isinstance(others, list) else [others]), first]
        return {**self._document, "steps": steps}

    @property
    def model(self) -> core.Graph:
        """The checked graph. Raises InvalidGraphError; each of its lines names the line of Python that it is about."""
        graph, problems = build(self.document, file_of(self))
        found = [*self._repeated, *((self._place(problem.path), problem) for problem in problems)]
        if graph is not None and not found:
            return graph
        found.sort(key=lambda item: item[0])
        lines = [
            f"{where.file}:{where.line}: {': '.join(part for part in (place(problem.path), problem.message) if part)}"
            for where, problem in found
        ]
        raise InvalidGraphError([problem for _, problem in found], lines)

    def _place(self, path: Path) -> _Place:
        while path not in self._places:
            path = path[:-1]
        return self._places[path]

    def to_networkx(self) -> "nx.DiGraph[str]":
        """The graph for networkx: each node has its step as the attribute ``step``."""
        return self.model.to_networkx()

    @classmethod
    def from_networkx(cls, digraph: "nx.DiGraph[Any]", name: str | None = None) -> Self:
        """The graph of a directed networkx graph. A node is a step's name, its attributes the step's keys.

        An attribute ``step``, as ``to_networkx`` makes it, stands for all keys. ``name``, ``description``, ``params``,
        ``defaults``, ``schedule``, ``fails_on``, ``deploy``, ``unsafe_params``, ``outputs``, ``notify``,
        ``max_parallel``, ``deadline``, ``max_active_runs`` are from the graph's own attributes.
        """
        if not hasattr(digraph, "is_multigraph") or not digraph.is_directed() or digraph.is_multigraph():
            raise UsageError(f"expected a networkx.DiGraph, got {shown(digraph)}")
        whole = (
            "description",
            "params",
            "defaults",
            "schedule",
            "fails_on",
            "unsafe_params",
            "outputs",
            "notify",
            "max_parallel",
            "max_active_runs",
        )
        about = {key: digraph.graph[key] for key in whole if digraph.graph.get(key)}
        if digraph.graph.get("deploy") is False:
            about["deploy"] = False
        if not isinstance(about.get("params", {}), Mapping):
            about["params"] = {param.name: param_keys(param) for param in about["params"]}
        if isinstance(about.get("schedule"), core.Schedule):
            about["schedule"] = schedule_keys(about["schedule"])
        if isinstance(deadline := digraph.graph.get("deadline"), int | float):
            about["deadline"] = seconds_text(float(deadline))
        elif deadline is not None:
            about["deadline"] = deadline
        if isinstance(about.get("notify"), Mapping):
            about["notify"] = notify_keys(about["notify"])
        if isinstance(about.get("max_active_runs"), ActiveRuns):
            about["max_active_runs"] = active_keys(about["max_active_runs"])
        result = cls(name or digraph.graph.get("name") or "graph", **about)
        where = result._places[()] = _caller()
        handles = {}
        for node, attributes in digraph.nodes(data=True):
            if not isinstance(node, str):
                raise UsageError(f"expected the names of steps as nodes, got {shown(node)}")
            step = attributes.get("step")
            keys = (
                {**step_keys(step, digraph.graph.get("inners", {})), "after": []}
                if isinstance(step, Step)
                else attributes
            )
            handles[node] = result._add(node, keys, where)
        for first, second in digraph.edges:
            result.connect(handles[first], handles[second])
        return result


def step(name: str, **keys: Unpack[StepArguments]) -> StepHandle:
    """Add a step to the graph whose ``with`` block this is in. Returns it, to be joined to others with ``>>``."""
    graph = _open.get()
    if graph is None:
        raise UsageError(f"step({name!r}): expected a call inside 'with Graph(…) as graph:', or of graph.step(…)")
    return graph._add(name, keys, _caller())


def file_of(graph: Graph) -> paths.Path:
    """The file in which ``graph`` was written; one of the current folder if it was written in no file."""
    written = paths.Path(graph._places[()].file)
    return written if written.is_file() else paths.Path(f"{graph.name}.py")


def _caller() -> _Place:
    """The line that called into this module."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return _Place(frame.f_code.co_filename, frame.f_lineno)
