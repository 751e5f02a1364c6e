"""``orchestrator runs``: the runs of a home, newest first."""

from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.failure import complain
from orchestrator.cli.options import json_option, place_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.errors import UnreadableRecordError
from orchestrator.operations.choose_store import named_store
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import MAX_RUNS
from orchestrator.operations.selection import WORDS, chosen, selection
from orchestrator.ports import Reader
from orchestrator.reporting.report import headline
from orchestrator.reporting.run_list import Standing, families, left_out, run_lines

#: The status of a run whose record cannot be read.
UNREADABLE = "unreadable"

EPILOG = """\b
Examples:
  orchestrator runs
  orchestrator runs --graph daily-sales --status failed,cancelled --since 7d
  orchestrator runs --limit 3 --json
  orchestrator runs --project my-project --region europe-west4

For each run, its id, status, start and duration are printed, and why it failed. A run and its reruns take one line,
that of the newest; the others are named in the note. With --json, each run has an entry of its own; those of reruns
have 'rerun_of' and 'family'.
"""


@click.command(epilog=EPILOG)
@click.option("--graph", metavar="NAME", help="List only runs of the graph with this name.")
@click.option(
    "--status", metavar="STATUS[,...]", help=f"List only runs with one of these statuses: {', '.join(WORDS)}."
)
@click.option(
    "--since",
    metavar="WHEN",
    help="List only runs that started since then: 2026-01-31, 2026-01-31T18:00, or the last 3d or 12h.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="List at most N runs."
)
@click.option("--all-rounds", is_flag=True, help="Give each rerun a line of its own.")
@place_options
@json_option
def command(
    graph: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    all_rounds: bool,
    home: Path | None,
    store: Location,
    as_json: bool,
) -> None:
    """List the runs, newest first; at the end, those whose records cannot be read."""
    wanted = selection(graph, status, since)
    unreadable: list[UnreadableRecordError] = []
    with named_store(home, store) as (place, found):
        more = 0 if as_json or wanted.everything else 1  # one more, to know whether some are left out
        standings = chosen(place, found, wanted, limit + more, unreadable.append)
        full = not as_json and wanted.everything and len(standings) == limit
        total = count(found, limit, cheap=place is not None) if full else len(standings)
    if as_json:
        listed = [headline(run, word) for run, word in standings]
        listed += [{"run": None, "status": UNREADABLE, "path": one.path, "why": one.why} for one in unreadable]
        echo_json(listed)
        return
    show(standings[:limit], all_rounds)
    exact = wanted.everything and place is not None and total < MAX_RUNS
    if said := left_out(min(len(standings), limit), total, exact):
        echo(said)
    for one in unreadable:
        echo(f"{one.path}  {UNREADABLE}: {one.why}")
    if not standings and not unreadable:
        complain(
            "there are no runs here" if wanted.everything else "no run matches: 'orchestrator runs' lists all runs"
        )


def show(standings: Sequence[Standing], all_rounds: bool) -> None:
    """Print the runs, if there are any: a line for each, or for each family."""
    for line in run_lines([[one] for one in standings] if all_rounds else families(standings)) if standings else ():
        echo(line)


def count(store: Reader, limit: int, cheap: bool) -> int:
    """How many runs there are. If that is not ``cheap``, whether there are more than ``limit`` is enough."""
    return len(store.run_ids(MAX_RUNS if cheap else limit + 1))
