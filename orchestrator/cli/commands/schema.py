"""``orchestrator schema``: the JSON Schema of the file format."""

import click

from orchestrator.cli.output import echo_json

EPILOG = """\b
Example:
  orchestrator schema > graph.schema.json

\b
With the YAML language server, begin the graph's file with:
  # yaml-language-server: $schema=graph.schema.json
"""


@click.command(epilog=EPILOG)
def command() -> None:
    """Print the JSON Schema of graph files, with which an editor completes and checks them."""
    from orchestrator.definition.schema import json_schema

    echo_json(json_schema())
