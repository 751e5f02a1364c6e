"""``orchestrator schema``: the JSON Schemas of the file formats."""

import click

from orchestrator.cli.output import echo_json

EPILOG = """\b
Examples:
  orchestrator schema > graph.schema.json
  orchestrator schema project > project.schema.json

\b
With the YAML language server, begin the graph's file with:
  # yaml-language-server: $schema=graph.schema.json
"""


@click.command(epilog=EPILOG)
@click.argument("what", type=click.Choice(["graph", "project"]), default="graph")
def command(what: str) -> None:
    """Print the JSON Schema of graph files, or of orchestrator.yaml (project), for editors to complete and check."""
    from orchestrator.definition import project, schema

    echo_json(project.json_schema() if what == "project" else schema.json_schema())
