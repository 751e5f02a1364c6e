"""What the commands ``hold``, ``release``, ``retry`` and ``mark`` have in common."""

import time
from pathlib import Path

from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.output import echo
from orchestrator.home.store_url import store_url
from orchestrator.operations.acting import acted
from orchestrator.operations.acts import Done, HoldAsked, MarkAsked, Person, ReleaseAsked, RetryAsked
from orchestrator.operations.control import applied
from orchestrator.operations.lookup import find_run, load, named_store
from orchestrator.operations.people import who
from orchestrator.reporting.found import Found


def perform(
    command: str,
    run: str,
    asked: HoldAsked | ReleaseAsked | RetryAsked | MarkAsked,
    home: Path | None,
    store: str | None,
) -> tuple[Found, Done]:
    """Do what is asked of the run that a user calls ``run``, and say what became of it. Raises UsageError."""
    named = store_url(store) if store is not None else None
    with named_store(home, store) as (place, opened):
        found = load(place, opened, find_run(opened, run, complain), named)
    done = acted(asked, found, Person(who(), time.time()), applied(command))
    for line in (*done.said, *done.refused):
        echo(line)
    return found, done


def code_of(done: Done) -> int:
    """The exit code: FAILED if anything was refused."""
    return FAILED if done.refused else DONE
