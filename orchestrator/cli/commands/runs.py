"""``orchestrator runs``: the runs of a home, newest first."""

from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.options import json_option, place_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.core.model import Run
from orchestrator.errors import UnreadableRecordError
from orchestrator.home import Home
from orchestrator.operations.lookup import MAX_RUNS, named_store
from orchestrator.ports import Store
from orchestrator.reporting.found import standing
from orchestrator.reporting.phrases import clock, column, why
from orchestrator.reporting.report import headline
from orchestrator.reporting.words import duration

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
        more = "" if as_json else left_out(found, limit, len(runs), cheap=place is not None)
    if as_json:
        listed = [headline(run, standing(place, run)) for run in runs]
        listed += [{"run": None, "status": UNREADABLE, "path": one.path, "why": one.why} for one in unreadable]
        echo_json(listed)
        return
    for line in lines(place, runs):
        echo(line)
    if more:
        echo(more)
    for one in unreadable:
        echo(f"{one.path}  {UNREADABLE}: {one.why}")


def left_out(store: Store, limit: int, shown: int, cheap: bool) -> str:
    """A sentence if there are more runs than are ``shown``. ``cheap``: whether all may be read to count them."""
    total = len(store.run_ids(MAX_RUNS if cheap else limit + 1)) if shown == limit else shown
    if total <= shown:
        return ""
    if not cheap or total == MAX_RUNS:
        return f"the newest {shown:,} runs are shown; show more with --limit N"
    return f"{shown:,} of {total:,} runs are shown; show more with --limit N"


def lines(home: Home | None, runs: Sequence[Run]) -> list[str]:
    """One line per run: its id, status, start, duration, and why it failed."""
    width = column([run.id for run in runs], 100)
    found = []
    for run in runs:
        took = duration(run.ended_at - run.started_at) if run.ended_at is not None else ""
        began = clock(run.started_at, "%Y-%m-%d %H:%M:%S")
        line = f"{run.id:{width}}  {standing(home, run):11}  {began}  {took:8}  {why(run)}"
        found.append(line.rstrip())
    return found
