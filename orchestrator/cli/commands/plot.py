"""``orchestrator plot``: a picture of a graph or of a run."""

import time
from pathlib import Path

import click

from orchestrator.cli.app import RUN
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import complain
from orchestrator.cli.options import NamedPath
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.load_run import found_run

HELP = f"""Draw GRAPH, or a run, into a file.

GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.

{RUN}
"""

EPILOG = """\b
Examples:
  orchestrator plot daily-sales -o sales.png
  orchestrator plot --run daily-sales-2026 -o sales.svg
  orchestrator plot daily-sales -o sales.mmd

PNG and SVG need the extra 'drawing'; .mmd (Mermaid) needs nothing.
"""


@click.command(epilog=EPILOG, help=HELP)
@click.argument("graph", required=False)
@click.option(
    "--run", metavar="RUN", help="Draw this run instead of GRAPH: its graph as it was, with the status of each step."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=NamedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write: .png, .svg or .mmd (Mermaid).",
)
@place_options
def command(graph: str | None, run: str | None, output: Path, home: Path | None, store: Location) -> None:
    """Draw a graph or a run; the help is ``HELP``."""
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph
    from orchestrator.drawing import draw

    if (graph is None) == (run is None):
        raise UsageError(f"expected GRAPH or --run, got {'neither' if run is None else 'both'}")
    if graph is not None:
        drawn = draw(load_graph(find_graph(graph)), output)
    else:
        found = found_run(home, run, store, complain)
        states = {step.name: found.view.state(node) for node, step in enumerate(found.plan.steps)}
        drawn = draw(found.graph, output, states, found.run, None if found.abandoned else time.time())
    echo(f"{drawn.path}: {drawn.steps:,} steps in {drawn.boxes:,} boxes")
    for note in drawn.notes:
        echo(note)
