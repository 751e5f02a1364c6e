"""Asks before something is started."""

import sys

from orchestrator.cli.output import echo
from orchestrator.errors import UsageError


def confirmed(yes: bool) -> bool:
    """Whether to start what was shown. ``yes``: the user has said so. Raises UsageError if nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("this is not a terminal, so add --yes to confirm; --dry-run only shows the plan")
    if agreed("Start it?"):
        return True
    echo("nothing was started")
    return False


def agreed(question: str) -> bool:
    """Whether the user types yes. An end of the input is a no; Ctrl-C ends the command."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        echo("")
        return False
