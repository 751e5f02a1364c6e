"""``orchestrator runs``: the runs of a home, the newest first."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.lookup import named_store, standing
from orchestrator.cli.options import json_option, place_options
from orchestrator.cli.report import headline
from orchestrator.cli.words import clock, column, why
from orchestrator.core.model import Run
from orchestrator.home import Home
from orchestrator.words import duration

EPILOG = """\b
Examples:
  orchestrator runs
  orchestrator runs --limit 3 --json
  orchestrator runs --store firestore://my-project/orchestrator-prod
"""


@click.command(epilog=EPILOG)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="How many to list at most."
)
@place_options
@json_option
def command(limit: int, home: Path | None, store: str | None, as_json: bool) -> None:
    """List the runs, the newest first."""
    with named_store(home, store) as (place, found):
        runs = found.list_runs(limit)
    if as_json:
        click.echo(json.dumps([headline(run, standing(place, run)) for run in runs], ensure_ascii=False, indent=2))
        return
    for line in lines(place, runs):
        click.echo(line)


def lines(home: Home | None, runs: Sequence[Run]) -> list[str]:
    """A line a run: its id, how it stands, when it started and how long it took."""
    width = column([run.id for run in runs], 100)
    found = []
    for run in runs:
        took = duration(run.ended_at - run.started_at) if run.ended_at is not None else ""
        began = clock(run.started_at, "%Y-%m-%d %H:%M:%S")
        line = f"{run.id:{width}}  {standing(home, run):11}  {began}  {took:8}  {why(run)}"
        found.append(line.rstrip())
    return found
