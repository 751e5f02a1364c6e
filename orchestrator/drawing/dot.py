"""Writes a picture in Graphviz's dot language. Pure and deterministic."""

from collections.abc import Iterator

from orchestrator.drawing.edge_routing import Line, route_edges
from orchestrator.drawing.header import header
from orchestrator.drawing.html import SCALE, pt
from orchestrator.drawing.labels import CLOSE, ROOMY, Sizes, box_label, box_width
from orchestrator.drawing.palette import EDGES, PAPER
from orchestrator.drawing.picture import Box, Picture

#: The font in fonts/, and its substitutes.
FONT = "Orchestrator Sans,Roboto,Helvetica,Arial"

#: No side of a PNG is longer than this many pixels.
MAX_PIXELS = 8000

#: Points: a picture that is longer than this, and thin, runs down the page.
LONG = 2_000

#: Above this number of boxes, they are drawn smaller and closer.
MAX_ROOMY = 60


def write_dot(picture: Picture, sharpness: float) -> str:
    """The picture in the dot language, with ``sharpness`` pixels per point unless that makes it too large.

    ``n7`` is a box or a waypoint. Lines lead only from one level to the next; ``paint.py`` shapes them.
    """
    sketch = picture.sketch
    sizes = ROOMY if len(sketch.boxes) <= MAX_ROOMY else CLOSE
    routes, down = route_edges(sketch), top_down(picture)
    widths = [box_width(box, sizes) for box in sketch.boxes]
    text = ["digraph {", *_settings(picture, sizes, down, sharpness)]
    for level, waypoints in zip(sketch.levels, routes.waypoints, strict=True):
        width = max(widths) if down else max(widths[number] for number in level)
        text += [_box(number, sketch.boxes[number], sizes, width) for number in level]
        text += [f'  n{number} [shape=box style=invis label="" width=0.01 height=0.01]' for number in waypoints]
        text.append(f"  {{rank=same {' '.join(f'n{number}' for number in (*level, *waypoints))}}}")
    text += [_line(line, len(sketch.boxes), sizes) for line in routes.lines]
    return "\n".join([*text, "}", ""])


def top_down(picture: Picture) -> bool:
    """Whether levels run down the page, not to the right: a long, thin picture would be too wide to read."""
    levels, boxes = picture.sketch.levels, picture.sketch.boxes
    length = sum(max(box_width(boxes[number], ROOMY) for number in level) for level in levels)
    return len(levels) > 3 * max(map(len, levels)) and length > LONG


def _settings(picture: Picture, sizes: Sizes, down: bool, sharpness: float) -> Iterator[str]:
    dpi = 72 * sharpness / SCALE
    graph = {
        "rankdir": "TB" if down else "LR",
        "bgcolor": PAPER,
        "pad": pt(0.3),
        "nodesep": pt(0.16 if sizes is ROOMY else 0.08),
        "ranksep": pt((0.35 if down else 0.55) + 0.012 * max(map(len, picture.sketch.levels))),
        "splines": "none",
        "outputorder": "edgesfirst",
        "dpi": f"{dpi:g}",
        "size": f"{MAX_PIXELS / dpi:.2f},{MAX_PIXELS / dpi:.2f}",
        "fontname": FONT,
        "labelloc": "t",
        "labeljust": "l",
    }
    scale = min(max((len(picture.sketch.boxes) / 30) ** 0.5, 1.0), 2.6)
    yield f"  graph [{_attributes(graph)} label=<{header(picture, scale)}>]"
    yield f"  node [{_attributes({'shape': 'plain', 'fontname': FONT})}]"
    yield f"  edge [{_attributes({'arrowsize': pt(0.55 if sizes is ROOMY else 0.45)})}]"


def _box(number: int, box: Box, sizes: Sizes, width: float) -> str:
    return f"  n{number} [label=<{box_label(box, sizes, width)}> tooltip={_quoted(box.tip)}]"


def _line(line: Line, boxes: int, sizes: Sizes) -> str:
    colour, width, style = EDGES[line.state]
    waypoints = (line.tail >= boxes) + (line.head >= boxes)
    if sizes is CLOSE:
        width *= 0.8
    if line.arrows > 1:
        width *= 1.5
    look = {"color": colour, "penwidth": pt(width), "style": style, "weight": str((1, 2, 8)[waypoints])}
    if line.head >= boxes:
        look["arrowhead"] = "none"
    return f"  n{line.tail} -> n{line.head} [{_attributes(look)}]"


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in values.items())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
