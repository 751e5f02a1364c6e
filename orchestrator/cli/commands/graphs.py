"""``orchestrator graphs``: the graphs that can be called by name here."""

import click

from orchestrator.cli.saying import echo
from orchestrator.cli.words import column
from orchestrator.errors import NotFoundError

EPILOG = """\b
Example:
  orchestrator graphs
"""


@click.command(epilog=EPILOG)
def command() -> None:
    """List the graphs in graphs/ by name."""
    from orchestrator.catalog import graphs, nearest

    found = graphs(nearest())
    if not found:
        raise NotFoundError("there is no graph in graphs/ here: a graph is graphs/NAME.yaml or graphs/NAME/graph.yaml")
    width = column(list(found), 100)
    for name, path in found.items():
        echo(f"{name:{width}}  {path}")
