"""``orchestrator plot``: a graph, or how a run went, as a picture."""

import time
from pathlib import Path

import click

from orchestrator.cli.closing import graph_of
from orchestrator.cli.options import NamedPath, place_options
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.operations.lookup import found_run

EPILOG = """\b
Examples:
  orchestrator plot daily-sales -o sales.png
  orchestrator plot --run daily-sales-2026 -o sales.svg
  orchestrator plot daily-sales -o sales.mmd      (Mermaid; needs nothing installed)
"""


@click.command(epilog=EPILOG)
@click.argument("graph", required=False)
@click.option("--run", metavar="RUN", help="Draw a run of it: its graph, as it was, and how each step stands.")
@click.option(
    "-o", "--output", required=True, type=NamedPath(path_type=Path, dir_okay=False), help="A .png, .svg or .mmd file."
)
@place_options
def command(graph: str | None, run: str | None, output: Path, home: Path | None, store: str | None) -> None:
    """Draw GRAPH, or a run, into a file."""
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph
    from orchestrator.drawing import draw

    if (graph is None) == (run is None):
        raise UsageError("plot: expected either a GRAPH or --run RUN")
    if graph is not None:
        drawn = draw(load_graph(find_graph(graph)), output)
    else:
        found = found_run(home, run, store)
        states = {step.name: found.view.state(node) for node, step in enumerate(found.plan.steps)}
        drawn = draw(graph_of(found), output, states, found.run, None if found.abandoned else time.time())
    echo(f"{drawn.path}: {drawn.steps:,} steps in {drawn.boxes:,} boxes")
    for note in drawn.notes:
        echo(note)
