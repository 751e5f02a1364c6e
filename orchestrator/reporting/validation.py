"""The result of validating a graph's file: its size, or its problems. Pure."""

from dataclasses import dataclass

from orchestrator.core.graph import Graph
from orchestrator.reporting.phrases import counted

#: Up to this length, all steps of the longest path are named.
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file: the graph's size, or its problems, one line each; and warnings."""

    file: str
    valid: bool
    graph: str | None = None
    steps: int = 0
    edges: int = 0
    depth: int = 0
    joins: int = 0
    longest_path: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def measured(file: str, graph: Graph, warnings: tuple[str, ...] = ()) -> Checked:
    """The result for a valid graph."""
    longest = graph.longest_path()
    return Checked(
        file,
        True,
        graph.name,
        len(graph.steps),
        sum(len(step.after) for step in graph.steps),
        len(longest),
        sum(len(step.after) > 1 for step in graph.steps),
        tuple(longest),
        warnings=warnings,
    )


def told(checked: Checked) -> str:
    """One line: ``sales.yaml: daily-sales is valid: 3 steps, 2 edges, 1 join, depth 2 (orders -> report)``."""
    path = checked.longest_path
    shown = path if len(path) <= _NAMED else (*path[:2], "…", *path[-2:])
    sizes = [counted(checked.steps, "step"), counted(checked.edges, "edge"), counted(checked.joins, "join")]
    return (
        f"{checked.file}: {checked.graph} is valid: {', '.join(sizes)}, "
        f"longest path of {counted(checked.depth, 'step')} ({' -> '.join(shown)})"
    )
