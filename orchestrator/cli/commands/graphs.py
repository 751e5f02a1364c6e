"""``orchestrator graphs``: the graphs that can be named without a path."""

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
    """List the graphs in graphs/, each with its file.

    graphs/ is looked for in this folder, then in those above it, up to the root of the repository.
    """
    from orchestrator.definition.catalog import graph_files, nearest

    found = graph_files(nearest() / "graphs")
    if not found:
        raise NotFoundError("no graphs found in graphs/: expected graphs/NAME.yaml or graphs/NAME/graph.yaml")
    width = column([name for name, _ in found], 100)
    for name, path in found:
        echo(f"{name:{width}}  {path}")
