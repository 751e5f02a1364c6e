"""Routes the arrows that pass over levels: through a waypoint beside the boxes of each level between. Pure.

Arrows share waypoints if they share a box: those that leave it for further levels, or those that arrive from further
back. Shared waypoints are connected by one line, so a wide join looks like a cable and not like a cobweb.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.drawing.picture import Arrow, EdgeState, Sketch

#: A line that stands for several arrows looks like the first of these states that one of them has.
_STRONGEST = (EdgeState.BROKEN, EdgeState.OPEN, EdgeState.DONE, EdgeState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Line:
    """A line from one level to the next that stands for ``arrows`` arrows."""

    tail: int
    head: int
    state: EdgeState
    arrows: int


@dataclass(frozen=True, slots=True)
class Routes:
    """All lines, each between two nodes. The boxes are numbered first, then the ``waypoints`` of each level."""

    lines: tuple[Line, ...]
    waypoints: tuple[tuple[int, ...], ...]


def route_edges(sketch: Sketch) -> Routes:
    """The lines that show the arrows of ``sketch``."""
    router = _Router(sketch)
    router.route(sketch.arrows)
    lines = (
        Line(tail, head, next(state for state in _STRONGEST if state in states), len(states))
        for (tail, head), states in router.lines.items()
    )
    return Routes(tuple(lines), tuple(map(tuple, router.waypoints)))


class _Router:
    def __init__(self, sketch: Sketch) -> None:
        self.level = {box: level for level, boxes in enumerate(sketch.levels) for box in boxes}
        self.waypoints: list[list[int]] = [[] for _ in sketch.levels]
        self.next = len(sketch.boxes)
        self.known: dict[tuple[bool, int, int], int] = {}
        self.lines: dict[tuple[int, int], list[EdgeState]] = {}

    def route(self, arrows: Iterable[Arrow]) -> None:
        """Route each arrow along the waypoints that it shares with the most others."""
        long = [arrow for arrow in arrows if self.level[arrow.head] - self.level[arrow.tail] > 1]
        leaving, coming = Counter(arrow.tail for arrow in long), Counter(arrow.head for arrow in long)
        for arrow in arrows:
            with_tail = leaving[arrow.tail] >= coming[arrow.head]
            here = arrow.tail
            for level in range(self.level[arrow.tail] + 1, self.level[arrow.head]):
                there = self.waypoint(with_tail, arrow.tail if with_tail else arrow.head, level)
                self.lines.setdefault((here, there), []).append(arrow.state)
                here = there
            self.lines.setdefault((here, arrow.head), []).append(arrow.state)

    def waypoint(self, leaving: bool, box: int, level: int) -> int:
        """The waypoint at ``level`` of the arrows that leave ``box``, or that arrive at it."""
        key = (leaving, box, level)
        if key not in self.known:
            self.known[key] = self.next
            self.waypoints[level].append(self.next)
            self.next += 1
        return self.known[key]
