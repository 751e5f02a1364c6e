"""Asks before something is started."""

import sys

import click

from orchestrator.cli.output import echo
from orchestrator.errors import UsageError


def confirmed(yes: bool) -> bool:
    """Whether to start what was shown. ``yes``: the user has said so. Raises UsageError if nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("expected --yes, since nobody can be asked here; --dry-run only shows the plan")
    if click.confirm("Start it?", default=True):
        return True
    echo("nothing was started")
    return False
