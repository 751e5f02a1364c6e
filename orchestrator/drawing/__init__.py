"""Pictures of graphs and runs: PNG, SVG and Mermaid. Everything that they show is passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, StepState
from orchestrator.drawing import mermaid
from orchestrator.drawing.compose import BOUNDS, compose
from orchestrator.drawing.dot import MAX_ROOMY, write_dot
from orchestrator.drawing.graphviz import render
from orchestrator.drawing.picture import Picture
from orchestrator.errors import UsageError
from orchestrator.system.files import write_whole
from orchestrator.system.os_errors import told

__all__ = ["Drawn", "dot_text", "draw", "mermaid_text"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn. ``collapsed``: boxes may stand for several steps. ``notes``: sentences about what is left out."""

    path: Path
    steps: int
    boxes: int
    collapsed: bool
    notes: tuple[str, ...]


def draw(
    graph: Graph,
    path: Path,
    states: Mapping[str, StepState] | None = None,
    run: Run | None = None,
    now: float | None = None,
) -> Drawn:
    """Draw ``graph`` into ``path``, as its suffix says: ``.png``, ``.svg`` or ``.mmd``. Missing folders are made.

    ``states``: by step name; a missing step is pending; None draws only the graph. ``now``, in seconds since the epoch,
    is needed for the duration of what is still running; None: no process drives the run, so what has not ended is
    interrupted. The same input gives the same picture.
    Raises UsageError for another suffix, a path that cannot be written, or a missing pygraphviz.
    """
    make = _MAKERS.get(path.suffix.lower())
    if make is None:
        raise UsageError(f"expected a path that ends in .png, .svg or .mmd, got '{path}'")
    picture, content = make(graph, states, run, now)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, private=False)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"cannot write '{path}': '{path.parent}' is not a folder") from error
    except OSError as error:
        raise UsageError(f"cannot write {told(error, str(path))}") from error
    return Drawn(path, picture.steps, len(picture.sketch.boxes), picture.collapsed, picture.notes)


def dot_text(
    graph: Graph,
    states: Mapping[str, StepState] | None = None,
    run: Run | None = None,
    now: float | None = None,
) -> str:
    """The input of Graphviz for a PNG."""
    picture = compose(graph, states, run, now)
    return write_dot(picture, _sharpness(picture))


def mermaid_text(
    graph: Graph,
    states: Mapping[str, StepState] | None = None,
    run: Run | None = None,
    now: float | None = None,
) -> str:
    """The content of a ``.mmd`` file."""
    return _mermaid(graph, states, run, now)[1].decode()


_Made = tuple[Picture, bytes]
_Maker = Callable[[Graph, Mapping[str, StepState] | None, Run | None, float | None], _Made]


def _png(graph: Graph, states: Mapping[str, StepState] | None, run: Run | None, now: float | None) -> _Made:
    picture = compose(graph, states, run, now)
    return picture, render(write_dot(picture, _sharpness(picture)), "png")


def _svg(graph: Graph, states: Mapping[str, StepState] | None, run: Run | None, now: float | None) -> _Made:
    picture = compose(graph, states, run, now)
    return picture, render(write_dot(picture, 1), "svg")


def _mermaid(graph: Graph, states: Mapping[str, StepState] | None, run: Run | None, now: float | None) -> _Made:
    picture = compose(graph, states, run, now, replace(BOUNDS, edges=mermaid.MAX_EDGES))
    text = mermaid.write_mermaid(picture)
    if len(text) > mermaid.MAX_CHARACTERS:
        picture = compose(graph, states, run, now, replace(BOUNDS, steps=0))
        text = mermaid.write_mermaid(picture)
    return picture, text.encode()


def _sharpness(picture: Picture) -> float:
    """Pixels per point: small pictures are drawn larger."""
    return 2 if len(picture.sketch.boxes) <= MAX_ROOMY else 1.5


_MAKERS: dict[str, _Maker] = {".png": _png, ".svg": _svg, ".mmd": _mermaid}
