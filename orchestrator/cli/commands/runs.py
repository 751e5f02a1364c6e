"""``orchestrator runs``: the runs of a home, newest first."""

from itertools import chain
from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import complain
from orchestrator.cli.options import json_option
from orchestrator.cli.output import echo, echo_json
from orchestrator.errors import UnreadableRecordError
from orchestrator.operations.choose_store import named_store
from orchestrator.operations.conditions import conditions
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import MAX_RUNS
from orchestrator.operations.selection import WORDS, chosen_families, chosen_rounds, selection
from orchestrator.reporting.condition import listed_run
from orchestrator.reporting.run_list import left_out, run_lines

#: The status of a run whose record cannot be read.
UNREADABLE = "unreadable"

EPILOG = """\b
Examples:
  orchestrator runs
  orchestrator runs --graph daily-sales --status failed,cancelled --since 7d
  orchestrator runs --limit 3 --json
  orchestrator runs --project my-project --region europe-west4

For each run, its id, graph, status, start and duration are printed, and why it failed; or, while it goes on, that it
waits in line to begin (max_active_runs), that steps need attention, or that it is late. A run and its reruns take one
line, that of the newest; the others are named in the note. --limit counts lines. With --json, each run of these lines
has an entry of its own; those of reruns have 'rerun_of' and 'family'.
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
    "--limit", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="Print at most N lines."
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
        lines, more = (chosen_rounds if all_rounds else chosen_families)(place, found, wanted, limit, unreadable.append)
        shown = sum(map(len, lines))
        exact = more and not as_json and wanted.everything and place is not None
        known = conditions(place, found, [run for run, _ in chain.from_iterable(lines)])
        total = len(found.run_ids(MAX_RUNS)) if exact else 0
    if as_json:
        newest = sorted(chain.from_iterable(lines), key=lambda one: one[0].started_at, reverse=True)
        listed = [listed_run(run, word, known) for run, word in newest]
        listed += [{"run": None, "status": UNREADABLE, "path": one.path, "why": one.why} for one in unreadable]
        echo_json(listed)
        return
    for line in run_lines(lines, known) if lines else ():
        echo(line)
    if more:
        echo(left_out(shown, total if total < MAX_RUNS else 0))
    for one in unreadable:
        echo(f"{one.path}  {UNREADABLE}: {one.why}")
    if not lines and not unreadable:
        complain(
            "there are no runs here" if wanted.everything else "no run matches: 'orchestrator runs' lists all runs"
        )
