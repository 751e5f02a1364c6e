"""The colours of each status: distinguishable for the colour-blind (after Okabe and Ito), with readable text."""

from dataclasses import dataclass

from orchestrator.core.model import Status
from orchestrator.drawing.picture import EdgeState

INK = "#1B2733"
MUTED = "#5A6878"
PAPER = "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of a box: ``fill``, the border's ``line``, the ``name``, the ``text`` under it. ``border``: its style."""

    fill: str
    line: str
    name: str
    text: str
    border: str = "solid"


#: The look of steps if no run is drawn.
PLAIN = Look("#F3F7FC", "#7A93B2", INK, "#4A5B70")

#: Full colour for what needs attention, pale for what is fine, dashed for what did not run.
LOOKS: dict[Status, Look] = {
    Status.PENDING: Look("#FFFFFF", "#B8C2CE", "#4A5663", MUTED),
    Status.LAUNCHING: Look("#DDF0FC", "#3D9BD6", INK, "#0A4C77"),
    Status.RUNNING: Look("#0069A8", "#004F80", "#FFFFFF", "#FFFFFF"),
    Status.UP_FOR_RETRY: Look("#FFE9B8", "#D18F00", INK, "#6B4500"),
    Status.NEEDS_ATTENTION: Look("#F0A800", "#9A6200", INK, "#4A2E00"),
    Status.SUCCEEDED: Look("#E0F4EC", "#2A9D78", INK, "#0B5C42"),
    Status.FAILED: Look("#BA3F00", "#8A2E00", "#FFFFFF", "#FFFFFF"),
    Status.UPSTREAM_FAILED: Look("#FCE7DA", "#D55E00", INK, "#8A3300"),
    Status.SKIPPED: Look("#F3F4F6", "#8D97A5", "#4A5663", MUTED, "dashed"),
    Status.CANCELLED: Look("#F5E3EE", "#B0578E", INK, "#77305D"),
}

#: Colour, pen width and pen style of an edge.
EDGES: dict[EdgeState, tuple[str, float, str]] = {
    EdgeState.OPEN: ("#9AA6B4", 1.1, "solid"),
    EdgeState.DONE: ("#5F9F8A", 1.1, "solid"),
    EdgeState.SKIPPED: ("#8D97A5", 1.1, "dashed"),
    EdgeState.BROKEN: ("#C64A06", 1.7, "solid"),
}


def look(status: Status | None) -> Look:
    """The look of a status, or of a step without a run."""
    return PLAIN if status is None else LOOKS[status]
