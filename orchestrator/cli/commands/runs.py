"""``orchestrator runs``: the runs of a home, newest first."""

from pathlib import Path

import click

from orchestrator.cli.options import json_option, place_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.errors import UnreadableRecordError
from orchestrator.operations.lookup import MAX_RUNS, named_store, standing
from orchestrator.ports import Store
from orchestrator.reporting.report import headline
from orchestrator.reporting.run_list import left_out, run_lines

#: The status of a run whose record cannot be read.
UNREADABLE = "unreadable"

EPILOG = """\b
Examples:
  orchestrator runs
  orchestrator runs --limit 3 --json
  orchestrator runs --store firestore://my-project/orchestrator-prod

For each run, its id, status, start and duration are printed, and why it failed.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="List at most N runs."
)
@place_options
@json_option
def command(limit: int, home: Path | None, store: str | None, as_json: bool) -> None:
    """List the runs, newest first; at the end, those whose records cannot be read."""
    unreadable: list[UnreadableRecordError] = []
    with named_store(home, store) as (place, found):
        runs = found.list_runs(limit, unreadable.append)
        full = not as_json and len(runs) == limit
        total = count(found, limit, cheap=place is not None) if full else len(runs)
    standings = [(run, standing(place, run)) for run in runs]
    if as_json:
        listed = [headline(run, word) for run, word in standings]
        listed += [{"run": None, "status": UNREADABLE, "path": one.path, "why": one.why} for one in unreadable]
        echo_json(listed)
        return
    for line in run_lines(standings):
        echo(line)
    if more := left_out(len(runs), total, exact=place is not None and total < MAX_RUNS):
        echo(more)
    for one in unreadable:
        echo(f"{one.path}  {UNREADABLE}: {one.why}")


def count(store: Store, limit: int, cheap: bool) -> int:
    """How many runs there are. If that is not ``cheap``, whether there are more than ``limit`` is enough."""
    return len(store.run_ids(MAX_RUNS if cheap else limit + 1))
