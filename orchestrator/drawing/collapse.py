"""A graph too large to draw step by step: its steps in groups, and the arrows between those. Knows no file format."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.graph import Graph
from orchestrator.core.model import PENDING, Status
from orchestrator.core.steps import Step
from orchestrator.drawing.boxes import group_box, step_box
from orchestrator.drawing.picture import Arrow, Sketch, States, Way, way

#: The most groups.
MAX_GROUPS = 60

_BY_LIKENESS = "a box stands for steps alike in kind and rule that wait for the same"
_BY_LEVEL = "a box stands for all steps of a level, which is the length of the longest path to them"


@dataclass(frozen=True, slots=True)
class _Group:
    level: int
    place: str
    names: list[str]


def collapse(graph: Graph, states: States | None, now: float | None) -> tuple[Sketch, str]:
    """Steps in groups, and how: those of a level that are alike; if these are too many, whole levels, or several."""
    generations = graph.generations()
    groups, how = _by_likeness(graph, generations), _BY_LIKENESS
    if len(groups) > MAX_GROUPS:
        groups, how = _by_level(generations)
    levels: list[list[int]] = [[] for _ in range(groups[-1].level + 1)]
    for number, group in enumerate(groups):
        levels[group.level].append(number)
    boxes = []
    for group in groups:
        steps = [graph.by_name[name] for name in group.names]
        boxes.append(group_box(group.place, steps, states) if len(steps) > 1 else step_box(steps[0], states, now))
    return Sketch(tuple(boxes), _arrows(graph, groups, states), tuple(map(tuple, levels))), how


def _by_level(generations: Sequence[Sequence[str]]) -> tuple[list[_Group], str]:
    size = -(-len(generations) // MAX_GROUPS)
    if size == 1:
        return [_Group(n, f"level {n + 1}", list(names)) for n, names in enumerate(generations)], _BY_LEVEL
    groups = []
    for number, start in enumerate(range(0, len(generations), size)):
        band = generations[start : start + size]
        names = [name for generation in band for name in generation]
        groups.append(_Group(number, f"levels {start + 1:,} to {start + len(band):,}", names))
    return groups, f"a box stands for all steps of up to {size:,} levels, those of the longest path to them"


def _by_likeness(graph: Graph, generations: Sequence[Sequence[str]]) -> list[_Group]:
    """Steps are alike if they have the same kind and rule and wait for steps of the same groups."""
    groups: list[_Group] = []
    group_of: dict[str, int] = {}
    for level, names in enumerate(generations):
        alike: dict[object, int] = {}
        for name in names:
            step = graph.by_name[name]
            key = (frozenset(group_of[before] for before in step.after), step.work.kind, step.trigger)
            if key not in alike:
                alike[key] = len(groups)
                groups.append(_Group(level, f"level {level + 1}", []))
            group_of[name] = alike[key]
            groups[alike[key]].names.append(name)
    return groups


def _arrows(graph: Graph, groups: Sequence[_Group], states: States | None) -> tuple[Arrow, ...]:
    """An arrow wherever edges lead from one group to another and no longer path does."""
    group_of = {name: number for number, group in enumerate(groups) for name in group.names}
    ways: dict[tuple[int, int], set[Way]] = {}
    for step in graph.steps:
        for before in step.after:
            edge = (group_of[before], group_of[step.name])
            if edge[0] == edge[1]:
                continue
            ways.setdefault(edge, set()).add(_way(states, before, step.name))
    kept = _without_implied(len(groups), ways)
    return tuple(Arrow(*edge, _together(found)) for edge, found in sorted(ways.items()) if edge in kept)


def _without_implied(groups: int, edges: dict[tuple[int, int], set[Way]]) -> set[tuple[int, int]]:
    after: list[list[str]] = [[] for _ in range(groups)]
    for tail, head in sorted(edges):
        after[head].append(str(tail))
    steps = tuple(Step(str(number), after=tuple(names)) for number, names in enumerate(after))
    return {(int(tail), int(head)) for tail, head in Graph("groups", steps).drawn_edges()}


def _way(states: States | None, tail: str, head: str) -> Way:
    """Between groups only a failure that stopped somebody is shown: among a thousand steps some always fail."""
    found = way(states, tail, head)
    if states is not None and found is Way.BROKEN:
        stopped = states.get(head, PENDING).status is Status.UPSTREAM_FAILED
        return Way.BROKEN if stopped else Way.DONE
    return found


def _together(ways: set[Way]) -> Way:
    """How many edges look as one arrow."""
    if Way.BROKEN in ways:
        return Way.BROKEN
    return ways.pop() if len(ways) == 1 else Way.OPEN
