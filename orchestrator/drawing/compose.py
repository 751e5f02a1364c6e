"""Composes the picture of a graph and of a run's states: step by step, or in groups. Pure."""

from dataclasses import dataclass, replace

from orchestrator.core.graph import Graph
from orchestrator.core.kept_steps import AGAIN
from orchestrator.core.model import Run
from orchestrator.core.rules import TriggerRule
from orchestrator.drawing.boxes import count, step_box
from orchestrator.drawing.collapse import collapse
from orchestrator.drawing.edge_routing import route_edges
from orchestrator.drawing.picture import Arrow, Box, Picture, Sketch, States, edge_state, plain, subtitle


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is drawn step by step: ``steps``, ``edges`` that are not implied, ``waypoints`` of long edges."""

    steps: int
    edges: int
    waypoints: int


#: What a person can still follow, and what Graphviz lays out in three seconds.
BOUNDS = Bounds(steps=300, edges=1_200, waypoints=2_500)

#: Up to this number of steps, every edge is drawn; above it, edges that a longer path implies are left out.
MAX_STEPS_WITH_ALL_EDGES = 40

Edges = list[tuple[str, str]]


def compose(
    graph: Graph, states: States | None, run: Run | None = None, now: float | None = None, bounds: Bounds = BOUNDS
) -> Picture:
    """The picture of ``graph``: step by step if it is within ``bounds``, otherwise in groups."""
    edges = [(before, step.name) for step in graph.steps for before in step.after]
    shown, steps = edges, len(graph.steps)
    sketch, many = None, f"{steps:,} steps"
    if steps <= bounds.steps:
        shown = telling(graph, edges) if steps > MAX_STEPS_WITH_ALL_EDGES else edges
        many = f"{len(shown):,} edges"
    if steps <= bounds.steps and len(shown) <= bounds.edges:
        sketch = _one_by_one(graph, shown, states, now)
        if run is not None and run.kept:
            sketch = replace(sketch, boxes=tuple(map(_marked, sketch.boxes, run.kept)))
        if sum(map(len, route_edges(sketch).waypoints)) > bounds.waypoints:
            sketch = None
    collapsed = sketch is None
    note = "" if len(shown) == len(edges) else _left_out(len(edges), len(shown))
    if sketch is None:
        sketch, how = collapse(graph, states, now)
        note = f"{many} are too many to draw one by one: {how}."
    heading = (plain(graph.name), plain(subtitle(run, now)), count(states, graph.steps))
    return Picture(*heading, sketch, (note,) if note else (), steps, collapsed)


def telling(graph: Graph, edges: Edges) -> Edges:
    """The edges that are not implied by a longer path.

    A path implies an edge if every step after its first is ``all_success``: then a failure or skip of the first step
    also reaches the last one along the path. An edge into a step with any other rule counts by itself, and stays.
    """
    strict = {step.name for step in graph.steps if step.trigger is TriggerRule.ALL_SUCCESS}
    steps = tuple(step if step.name in strict else replace(step, after=()) for step in graph.steps)
    kept = set(Graph(graph.name, steps).drawn_edges())
    return [edge for edge in edges if edge in kept or edge[1] not in strict]


def _marked(box: Box, letter: str) -> Box:
    """The box of a step of a rerun, given its letter in the run's record: a step that is kept says so."""
    return box if letter == AGAIN else replace(box, words=(*box.words, "kept"))


def _left_out(edges: int, shown: int) -> str:
    return f"{edges - shown:,} of {edges:,} edges are not drawn: a longer path implies them."


def _one_by_one(graph: Graph, edges: Edges, states: States | None, now: float | None) -> Sketch:
    numbers = {step.name: number for number, step in enumerate(graph.steps)}
    return Sketch(
        tuple(step_box(step, states, now) for step in graph.steps),
        tuple(Arrow(numbers[tail], numbers[head], edge_state(states, tail, head)) for tail, head in edges),
        tuple(tuple(sorted(numbers[name] for name in names)) for names in graph.generations()),
    )
