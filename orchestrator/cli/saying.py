"""Where lines and JSON are printed: nothing that a user, a service or a file put into them acts on a terminal."""

from typing import Any

import click

from orchestrator.terminal import json_shown, shown


def echo(text: str) -> None:
    """Print a line, or several, on standard output."""
    click.echo(shown(text))


def echo_json(data: Any) -> None:
    """Print JSON on standard output."""
    click.echo(json_shown(data))
