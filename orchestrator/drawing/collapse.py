"""Collapses a graph that is too large to draw step by step: groups of steps, and the arrows between them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.graph import Graph
from orchestrator.core.model import PENDING, Status
from orchestrator.core.steps import Step
from orchestrator.drawing.boxes import group_box, step_box
from orchestrator.drawing.picture import Arrow, EdgeState, Sketch, States, edge_state

#: The most groups.
MAX_GROUPS = 60

_BY_LIKENESS = "a box stands for steps of the same kind and rule that wait for the same steps"
_BY_LEVEL = "a box stands for all steps of one level, which is the length of the longest path to a step"


@dataclass(frozen=True, slots=True)
class _Group:
    level: int
    place: str
    names: list[str]


def collapse(graph: Graph, states: States | None, now: float | None) -> tuple[Sketch, str]:
    """The groups, and a sentence on how they were made: similar steps of a level, or one or more levels."""
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
    return (
        groups,
        f"a box stands for all steps of up to {size:,} levels; a step's level is the length of the longest path to it",
    )


def _by_likeness(graph: Graph, generations: Sequence[Sequence[str]]) -> list[_Group]:
    """Steps are similar if they have the same kind and rule and wait for steps of the same groups."""
    groups: list[_Group] = []
    group_of: dict[str, int] = {}
    for level, names in enumerate(generations):
        alike: dict[object, int] = {}
        for name in names:
            step = graph.by_name[name]
            key = (frozenset(group_of[before] for before in step.after), step.work.kind, step.rule)
            if key not in alike:
                alike[key] = len(groups)
                groups.append(_Group(level, f"level {level + 1}", []))
            group_of[name] = alike[key]
            groups[alike[key]].names.append(name)
    return groups


def _arrows(graph: Graph, groups: Sequence[_Group], states: States | None) -> tuple[Arrow, ...]:
    """An arrow for the edges from one group to another, unless a longer path implies it."""
    group_of = {name: number for number, group in enumerate(groups) for name in group.names}
    between: dict[tuple[int, int], set[EdgeState]] = {}
    for step in graph.steps:
        for before in step.after:
            edge = (group_of[before], group_of[step.name])
            if edge[0] == edge[1]:
                continue
            between.setdefault(edge, set()).add(_edge_state(states, before, step.name))
    kept = _without_implied(len(groups), between)
    return tuple(Arrow(*edge, _together(found)) for edge, found in sorted(between.items()) if edge in kept)


def _without_implied(groups: int, edges: dict[tuple[int, int], set[EdgeState]]) -> set[tuple[int, int]]:
    after: list[list[str]] = [[] for _ in range(groups)]
    for tail, head in sorted(edges):
        after[head].append(str(tail))
    steps = tuple(Step(str(number), after=tuple(names)) for number, names in enumerate(after))
    return {(int(tail), int(head)) for tail, head in Graph("groups", steps).drawn_edges()}


def _edge_state(states: States | None, tail: str, head: str) -> EdgeState:
    """Between groups, a failure is shown only if it stopped another step: of a thousand steps, some always fail."""
    found = edge_state(states, tail, head)
    if states is not None and found is EdgeState.BROKEN:
        stopped = states.get(head, PENDING).status is Status.UPSTREAM_FAILED
        return EdgeState.BROKEN if stopped else EdgeState.DONE
    return found


def _together(between: set[EdgeState]) -> EdgeState:
    """The state of one arrow for several edges."""
    if EdgeState.BROKEN in between:
        return EdgeState.BROKEN
    return between.pop() if len(between) == 1 else EdgeState.OPEN
