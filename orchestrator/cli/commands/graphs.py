"""``orchestrator graphs``: the graphs that can be called by name here."""

import click

from orchestrator.cli.output import echo
from orchestrator.errors import NotFoundError
from orchestrator.reporting.phrases import column

EPILOG = """\b
Example:
  orchestrator graphs
"""


@click.command(epilog=EPILOG)
def command() -> None:
    """List the graphs in graphs/ by name."""
    from orchestrator.definition.catalog import graph_files, nearest

    found = graph_files(nearest() / "graphs")
    if not found:
        raise NotFoundError("there is no graph in graphs/ here: a graph is graphs/NAME.yaml or graphs/NAME/graph.yaml")
    width = column([name for name, _ in found], 100)
    for name, path in found:
        echo(f"{name:{width}}  {path}")
