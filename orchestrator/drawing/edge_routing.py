"""The way of arrows that pass over levels: a lane beside the boxes of each level between. Pure; knows no format.

Arrows share a lane where they share a box: those that leave it for further levels, or those that come to it from
further back. What shares a lane is drawn as one line, so a wide join looks like a cable and not like a cobweb.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.drawing.picture import Arrow, Sketch, Way

#: A line drawn for several arrows looks like the first of these that is among them.
_STRONGEST = (Way.BROKEN, Way.OPEN, Way.DONE, Way.SKIPPED)


@dataclass(frozen=True, slots=True)
class Line:
    """A line from one level to the next, drawn for so many ``arrows``."""

    tail: int
    head: int
    way: Way
    arrows: int


@dataclass(frozen=True, slots=True)
class Lines:
    """All lines, each between two nodes. Nodes are numbered: first the boxes, then the ``lanes`` at each level."""

    lines: tuple[Line, ...]
    lanes: tuple[tuple[int, ...], ...]


def lay_lines(sketch: Sketch) -> Lines:
    """The lines that show ``sketch.arrows``."""
    laying = _Laying(sketch)
    laying.lay(sketch.arrows)
    lines = (
        Line(tail, head, next(way for way in _STRONGEST if way in ways), len(ways))
        for (tail, head), ways in laying.lines.items()
    )
    return Lines(tuple(lines), tuple(map(tuple, laying.lanes)))


class _Laying:
    def __init__(self, sketch: Sketch) -> None:
        self.level = {box: level for level, boxes in enumerate(sketch.levels) for box in boxes}
        self.lanes: list[list[int]] = [[] for _ in sketch.levels]
        self.next = len(sketch.boxes)
        self.known: dict[tuple[bool, int, int], int] = {}
        self.lines: dict[tuple[int, int], list[Way]] = {}

    def lay(self, arrows: Iterable[Arrow]) -> None:
        """Lay each arrow in the lane that it shares with more others."""
        long = [arrow for arrow in arrows if self.level[arrow.head] - self.level[arrow.tail] > 1]
        leaving, coming = Counter(arrow.tail for arrow in long), Counter(arrow.head for arrow in long)
        for arrow in arrows:
            with_tail = leaving[arrow.tail] >= coming[arrow.head]
            here = arrow.tail
            for level in range(self.level[arrow.tail] + 1, self.level[arrow.head]):
                there = self.lane(with_tail, arrow.tail if with_tail else arrow.head, level)
                self.lines.setdefault((here, there), []).append(arrow.way)
                here = there
            self.lines.setdefault((here, arrow.head), []).append(arrow.way)

    def lane(self, leaving: bool, box: int, level: int) -> int:
        """The place at ``level`` of the lane of what is leaving ``box``, or coming to it."""
        key = (leaving, box, level)
        if key not in self.known:
            self.known[key] = self.next
            self.lanes[level].append(self.next)
            self.next += 1
        return self.known[key]
