"""A picture as plain data: its boxes, arrows and texts, without colours, fonts or formats. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.model import PENDING, Run, RunStatus, Status, StepState
from orchestrator.reporting.times import duration
from orchestrator.reporting.upstream import BROKEN
from orchestrator.system.terminal import shown

States = Mapping[str, StepState]

#: How many of the steps that made a run fail are named beside its status.
_NAMED = 3

Counts = tuple[tuple[Status, int], ...]


class EdgeState(StrEnum):
    """What an edge has carried."""

    OPEN = "open"  # nothing yet
    DONE = "done"
    SKIPPED = "skipped"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Box:
    """One step, or several. ``status`` is None where no run is drawn; ``counts`` is empty for a single step.

    ``marks``: its conditions, such as a trigger rule or ``when``. ``words``: kind, duration, attempt.
    """

    title: str
    status: Status | None
    words: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    tip: str = ""
    counts: Counts = ()
    culprits: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge between two boxes, by their numbers."""

    tail: int
    head: int
    state: EdgeState = EdgeState.OPEN


@dataclass(frozen=True, slots=True)
class Sketch:
    """Boxes and arrows. ``levels``: the numbers of the boxes by the longest path to them."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    levels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn. ``notes``: sentences about what is left out."""

    title: str
    subtitle: str
    legend: Counts
    sketch: Sketch
    notes: tuple[str, ...]
    steps: int
    collapsed: bool


def edge_state(states: States | None, tail: str, head: str) -> EdgeState:
    """The state of the edge from step ``tail`` to step ``head``."""
    if states is None:
        return EdgeState.OPEN
    before, after = states.get(tail, PENDING).status, states.get(head, PENDING).status
    if before in BROKEN:
        return EdgeState.BROKEN
    if Status.SKIPPED in (before, after):
        return EdgeState.SKIPPED
    return EdgeState.DONE if before is Status.SUCCEEDED else EdgeState.OPEN


def plain(text: str) -> str:
    """``text`` for a picture: control codes are escaped; line ends and invisible characters become spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in shown(text))


def subtitle(run: Run | None, now: float | None) -> str:
    """``run x1 · failed: orders · 3 m 12 s``; empty without a run. ``now`` is None if no process drives it."""
    if run is None:
        return ""
    names = list(run.failed)
    because = f": {', '.join(names[:_NAMED])}" + (" …" if len(names) > _NAMED else "") if names else ""
    status = "interrupted" if run.status is RunStatus.RUNNING and now is None else run.status
    rerun = [f"rerun of {run.rerun_of}"] if run.rerun_of is not None else []
    words = [f"run {run.id}", *rerun, f"{status}{because}"]
    end = run.ended_at if run.ended_at is not None else now
    if end is not None:
        words.append(duration(end - run.started_at))
    return " · ".join(words)
