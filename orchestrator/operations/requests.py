"""What people ask of a run that has not ended, and what became of it. The command line and the console share this."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from orchestrator.core.model import Status
from orchestrator.core.steps import Json
from orchestrator.engine.control import ControlEvent, Unchanged
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found

#: Commits an event at steps of a run, as Engine.control does.
Apply = Callable[[Found, ControlEvent, Collection[int], Unchanged | None], Mapping[int, Commit]]


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and when, in seconds since the epoch."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """``steps``: their names; empty: all of the run. ``until``: when they are released, in seconds since the epoch."""

    why: str
    steps: tuple[str, ...] = ()
    until: float | None = None
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """``steps``: their names; empty: all that are held."""

    why: str = ""
    steps: tuple[str, ...] = ()
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """``steps``: their names; empty: the whole run."""

    why: str = ""
    steps: tuple[str, ...] = ()
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """``attempt``: the failed attempt after which to try again; None: the newest."""

    step: str
    why: str = ""
    attempt: int | None = None
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class MarkAsked:
    """``status``: as what the step is to end. ``outputs``: only of one that is to succeed."""

    step: str
    status: Status
    why: str
    outputs: Mapping[str, Json] | None = None
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class SetAsked:
    """``step``: a map; None: the run itself, of which only ``max_parallel`` can be set. None: as it is."""

    step: str | None = None
    max_parallel: int | None = None
    tolerate: int | str | None = None
    why: str = ""
    if_match: str | None = None


#: What is asked for steps that have not ended, apart from their cancellation.
Controls = HoldAsked | ReleaseAsked | RetryAsked | MarkAsked | SetAsked
Asked = Controls | CancelAsked


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request, in sentences. ``refused``: what could not be done, and why; the rest was done."""

    said: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    changed: bool = False
