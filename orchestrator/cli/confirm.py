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
    try:
        if input("Start it? [y/N] ").strip().lower() in ("y", "yes"):
            return True
    except EOFError:
        echo("")
    echo("nothing was started")
    return False
