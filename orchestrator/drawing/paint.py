"""A program: dot text on standard input, a picture on standard output. It imports nothing from this package.

Graphviz reads FONTCONFIG_FILE only once per process, is not thread-safe, and may run long or crash, so it gets its own
process. It places the boxes; the lines are drawn here: straight beside the boxes of a level, bent in the gap between
two levels, so that none crosses a box.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import pygraphviz  # type: ignore[import-untyped]

FONT_SETTINGS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
"""

Point = tuple[float, float]


class Span(NamedTuple):
    """The extent of something along the flow."""

    start: float
    end: float


class Flow:
    """The positions of boxes and levels along the flow, which runs to the right or down."""

    def __init__(self, drawing: pygraphviz.AGraph) -> None:
        self.drawing = drawing
        self.down = drawing.graph_attr["rankdir"] == "TB"
        self.across: dict[str, float] = {}
        self.boxes: dict[str, Span] = {}
        self.level: dict[str, int] = {}
        self.levels: dict[int, Span] = {}
        for node in drawing.nodes():
            x, y = map(float, node.attr["pos"].split(","))
            along, self.across[node] = (-y, x) if self.down else (x, y)
            half = 36 * float(node.attr["height" if self.down else "width"])
            box = self.boxes[node] = Span(along - half, along + half)
            level = self.level[node] = round(along)
            known = self.levels.get(level, box)
            self.levels[level] = Span(min(known.start, box.start), max(known.end, box.end))

    def line(self, tail: str, head: str, arrow: float) -> str:
        """The line from ``tail`` to the next level's ``head``, as Graphviz writes it. ``arrow``: its length, or 0.

        The stretch beside a waypoint's level is drawn once: by the line that arrives or, if several do, by the one that
        leaves.
        """
        leave, arrive = self.levels[self.level[tail]].end, self.levels[self.level[head]].start
        start, end = self.boxes[tail].end, self.boxes[head].start - arrow
        if self.is_waypoint(tail):
            start = self.levels[self.level[tail]].start if self.drawing.in_degree(tail) > 1 else leave
        if self.is_waypoint(head):
            end = self.levels[self.level[head]].end if self.drawing.in_degree(head) == 1 else arrive
        a, b, run = self.across[tail], self.across[head], (arrive - leave) / 10
        bend = (leave + run, arrive - (1.5 * arrow or run))
        middle = sum(bend) / 2
        points = [
            (start, a),
            *straight(start, bend[0], a),
            (middle, a),
            (middle, b),
            (bend[1], b),
            *straight(bend[1], end, b),
        ]
        text = " ".join(self.point(*point) for point in points)
        return f"e,{self.point(self.boxes[head].start, b)} {text}" if arrow else text

    def is_waypoint(self, node: str) -> bool:
        return self.boxes[node].end - self.boxes[node].start < 1

    def point(self, along: float, across: float) -> str:
        return f"{across:.2f},{-along:.2f}" if self.down else f"{along:.2f},{across:.2f}"


def straight(start: float, end: float, across: float) -> list[Point]:
    """A straight piece of a curve, without its first point."""
    third = (end - start) / 3
    return [(start + third, across), (end - third, across), (end, across)]


def paint(dot: str, form: str) -> bytes:
    """The picture in the format ``form``."""
    drawing = pygraphviz.AGraph(string=dot)
    drawing.layout(prog="dot")
    flow = Flow(drawing)
    for edge in drawing.edges():
        arrow = 0.0 if edge.attr["arrowhead"] == "none" else 10 * float(edge.attr["arrowsize"])
        edge.attr["pos"] = flow.line(edge[0], edge[1], arrow)
    return bytes(drawing.draw(format=form, prog="nop2"))


def main(form: str, fonts: str) -> None:
    """Use the fonts of this package first: without any font, as in a bare container, Graphviz draws empty squares."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "fonts.conf")
        settings.write_text(FONT_SETTINGS.format(fonts=escape(fonts), cache=escape(folder)))
        os.environ["FONTCONFIG_FILE"] = str(settings)
        sys.stdout.buffer.write(paint(sys.stdin.buffer.read().decode(), form))


if __name__ == "__main__":
    main(*sys.argv[1:])
