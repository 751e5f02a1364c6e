"""``orchestrator prune``: delete old runs of a home."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.confirm import agreed
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import home_option
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.home import Home, existing_home
from orchestrator.local.wiring import reading, records
from orchestrator.operations.choose_store import choose_home
from orchestrator.operations.prune import Family, busy, folder_size, old_families, prune
from orchestrator.operations.selection import length
from orchestrator.reporting.phrases import counted, size
from orchestrator.reporting.run_list import run_lines
from orchestrator.system import files

EPILOG = """\b
Examples:
  orchestrator prune --older-than 30d --dry-run
  orchestrator prune --older-than 30d --keep 3 --yes
  orchestrator prune --older-than 12h --graph daily-sales

A run is deleted with its records, its logs and {{ run.dir }}, and with the graphs that no other run uses. A run and its
reruns are deleted together, when all of them are old enough. A run that has not ended, or that a process is working
on, is never deleted. If the command is interrupted, the next 'prune' removes what is left.

In the cloud, runs are deleted by the database: set Terraform's variable 'run_retention_days'.

Exit codes: 0 everything that is old enough was deleted (with --dry-run: was listed), 1 some of it was left, or you
answered no, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--older-than",
    required=True,
    metavar="DURATION",
    help="Delete runs that ended longer ago than this: 30d, 12h, 90m.",
)
@click.option("--graph", metavar="NAME", help="Delete only runs of the graph with this name.")
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Keep the newest N runs of each graph in any case; a run and its reruns count as one.",
)
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@home_option
def command(older_than: str, graph: str | None, keep: int, dry_run: bool, yes: bool, home: Path | None) -> int:
    """Delete runs that ended long ago, and everything that was kept of them."""
    before = time.time() - length("--older-than", older_than)
    place = existing_home(choose_home(home, Path()))
    with reading(place) as store:
        old = old_families(store, before, graph, keep)
        waits = {family: why for family in old if (why := busy(place, store, family))} if dry_run else {}
        unfinished = bool(store.removed())
        chosen = [family for family in old if family not in waits]
        inside = store.ids_inside({run.id for family in chosen for run in family.runs})
    if dry_run:
        show(place, chosen, inside)
        for why in waits.values():
            echo(f"not yet: {why}")
        return DONE
    if not old and not unfinished:
        echo("no run is that old: nothing was deleted")
        return DONE
    if old and not (yes or confirmed(place, old, inside)):
        echo("nothing was deleted")
        return FAILED
    return go(place, old)


def show(home: Home, old: Sequence[Family], inside: Sequence[str]) -> None:
    """Print what is to be deleted, and how much room it takes. ``inside``: the ids of the runs inside them."""
    if not old:
        echo("no run that is old enough can be deleted")
        return
    for line in run_lines([[(run, str(run.status)) for run in family.runs] for family in old]):
        echo(line)
    runs = [run for family in old for run in family.runs]
    taken = sum(folder_size(home.run(run_id)) for run_id in (*(run.id for run in runs), *inside))
    echo(f"{counted(len(runs), 'run')} to be deleted, with {size(taken)} of files in {files.short(home.path / 'runs')}")


def confirmed(home: Home, old: Sequence[Family], inside: Sequence[str]) -> bool:
    """Whether the user agrees. Raises UsageError if nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError("this is not a terminal, so add --yes to confirm; --dry-run only lists the runs")
    show(home, old, inside)
    return agreed("Delete them?")


def go(home: Home, old: Sequence[Family]) -> int:
    """Delete the runs, and print what that freed. Returns the exit code."""
    with records(home) as made:
        done = prune(home, made, old)
    echo(f"{counted(done.runs, 'run')} deleted, {size(done.size)} freed")
    for note in done.notes:
        echo(note)
    for why in done.left:
        complain(f"left: {why}")
    return FAILED if done.left else DONE
