"""Prints lines and JSON. Control codes in them are escaped, so that nothing acts on the terminal."""

from typing import Any

import click

from orchestrator.system.terminal import json_shown, shown


def echo(text: str, *, beside: bool = False) -> None:
    """Print text on standard output, or ``beside`` it, on standard error."""
    click.echo(shown(text), err=beside)


def echo_json(data: Any) -> None:
    """Print JSON on standard output."""
    click.echo(json_shown(data))
