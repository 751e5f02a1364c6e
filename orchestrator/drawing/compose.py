"""A graph and a run's states into a picture: step by step, or in groups. Knows no file format."""

from dataclasses import dataclass, replace

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run
from orchestrator.core.rules import TriggerRule
from orchestrator.drawing.boxes import count, step_box
from orchestrator.drawing.collapse import collapse
from orchestrator.drawing.edge_routing import lay_lines
from orchestrator.drawing.picture import Arrow, Picture, Sketch, States, plain, subtitle, way


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that is drawn step by step: ``steps``, telling ``edges``, and ``lanes`` for edges that pass levels."""

    steps: int
    edges: int
    lanes: int


#: What a person can still follow, and what Graphviz lays out in three seconds.
BOUNDS = Bounds(steps=300, edges=1_200, lanes=2_500)

#: Up to here every edge is drawn; above it those are left out that say nothing new.
MAX_STEPS_WITH_ALL_EDGES = 40

Edges = list[tuple[str, str]]


def compose(
    graph: Graph, states: States | None, run: Run | None = None, now: float | None = None, bounds: Bounds = BOUNDS
) -> Picture:
    """The picture of ``graph``: step by step if that keeps within ``bounds``, otherwise in groups."""
    edges = [(before, step.name) for step in graph.steps for before in step.after]
    shown, steps = edges, len(graph.steps)
    sketch, many = None, f"{steps:,} steps"
    if steps <= bounds.steps:
        shown = telling(graph, edges) if steps > MAX_STEPS_WITH_ALL_EDGES else edges
        many = f"{len(shown):,} edges"
    if steps <= bounds.steps and len(shown) <= bounds.edges:
        sketch = _one_by_one(graph, shown, states, now)
        if sum(map(len, lay_lines(sketch).lanes)) > bounds.lanes:
            sketch = None
    collapsed = sketch is None
    note = "" if len(shown) == len(edges) else _left_out(len(edges), len(shown))
    if sketch is None:
        sketch, how = collapse(graph, states, now)
        note = f"{many} are too many to draw one by one: {how}."
    heading = (plain(graph.name), plain(subtitle(run, now)), count(states, graph.steps))
    return Picture(*heading, sketch, (note,) if note else (), steps, collapsed)


def telling(graph: Graph, edges: Edges) -> Edges:
    """The edges that tell something which no longer path tells.

    A path tells all that an edge does if every step after its first is ``all_success``: then whatever the first one
    has to say reaches the last by the path too. An edge into any other rule is a vote of its own, and stays.
    """
    strict = {step.name for step in graph.steps if step.trigger is TriggerRule.ALL_SUCCESS}
    steps = tuple(step if step.name in strict else replace(step, after=()) for step in graph.steps)
    kept = set(Graph(graph.name, steps).drawn_edges())
    return [edge for edge in edges if edge in kept or edge[1] not in strict]


def _left_out(edges: int, shown: int) -> str:
    return f"{edges - shown:,} of {edges:,} edges are not drawn: a longer path implies them."


def _one_by_one(graph: Graph, edges: Edges, states: States | None, now: float | None) -> Sketch:
    numbers = {step.name: number for number, step in enumerate(graph.steps)}
    return Sketch(
        tuple(step_box(step, states, now) for step in graph.steps),
        tuple(Arrow(numbers[tail], numbers[head], way(states, tail, head)) for tail, head in edges),
        tuple(tuple(sorted(numbers[name] for name in names)) for names in graph.generations()),
    )
