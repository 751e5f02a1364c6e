"""Where lines and JSON are printed: nothing that a user, a service or a file put into them acts on a terminal."""

from typing import Any

import click

from orchestrator.system.terminal import json_shown, shown


def echo(text: str, *, beside: bool = False) -> None:
    """Print a line, or several, on standard output, or ``beside`` it on standard error."""
    click.echo(shown(text), err=beside)


def echo_json(data: Any) -> None:
    """Print JSON on standard output."""
    click.echo(json_shown(data))
