"""The value of ``step(…)`` in Python graphs, and how ``>>`` connects such values. The graph keeps the edges."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import FunctionType
from typing import Any, Protocol

from orchestrator import usercode
from orchestrator.definition.kinds import KindArguments
from orchestrator.errors import UsageError
from orchestrator.text import shown


class StepArguments(KindArguments, total=False):
    """The keys of a step, as in a graph file. ``after`` and ``next`` take steps too, ``python`` and
    ``call`` a function.
    """

    description: str
    after: Any
    next: Any
    trigger: str | Mapping[str, Any]
    when: str | bool
    retry: Mapping[str, Any]
    timeout: str | timedelta
    deadline: str | timedelta
    check: Mapping[str, Any]
    job_name: str
    allow_failure: bool
    teardown: bool
    on_failure: str
    pool: str
    priority: int
    local: Mapping[str, Any]
    map: str | Sequence[Any]
    tolerate: int | str
    max_parallel: int


class _Graph(Protocol):
    """The graph that keeps the edges."""

    def connect(self, first: "StepHandle", second: "StepHandle") -> None: ...


class Joinable(ABC):
    """One step, or a group of steps. ``a >> [b, c] >> d``: b and c come after a, and d after both."""

    @abstractmethod
    def handles(self) -> "tuple[StepHandle, ...]":
        """The steps."""

    def __rshift__(self, others: object) -> "Joinable":
        return _join(self, _joinable(others))[1]

    def __rrshift__(self, others: object) -> "Joinable":
        return _join(_joinable(others), self)[1]

    def __lshift__(self, others: object) -> "Joinable":
        return _join(_joinable(others), self)[0]

    def __rlshift__(self, others: object) -> "Joinable":
        return _join(self, _joinable(others))[0]


@dataclass(frozen=True, slots=True, eq=False)
class StepHandle(Joinable):
    """A step of a graph that is being written."""

    graph: "_Graph"
    name: str

    def handles(self) -> "tuple[StepHandle, ...]":
        return (self,)


@dataclass(frozen=True, slots=True, eq=False)
class _StepGroup(Joinable):
    members: tuple[StepHandle, ...]

    def handles(self) -> tuple[StepHandle, ...]:
        return self.members


def _joinable(value: object) -> Joinable:
    if isinstance(value, Joinable):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return _StepGroup(tuple(handle for item in value for handle in _joinable(item).handles()))
    raise UsageError(f"expected a step or a list of steps beside '>>' or '<<', got {shown(value)}")


def _join(first: Joinable, second: Joinable) -> tuple[Joinable, Joinable]:
    for before in first.handles():
        for after in second.handles():
            before.graph.connect(before, after)
    return first, second


def plain(value: Any) -> Any:
    """A Python value as a file would have it. One without such a form stays unchanged, for the checks to refuse."""
    match value:
        case StepHandle():
            return value.name
        case FunctionType():
            return f"{usercode.plain(value.__module__)}:{value.__qualname__}"
        case timedelta():
            return f"{value.total_seconds():f}".rstrip("0").rstrip(".") + "s"
        case date():
            return value.isoformat()
        case os.PathLike():
            return os.fspath(value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
