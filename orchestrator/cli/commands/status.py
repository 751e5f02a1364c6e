"""``orchestrator status``: the status of a run and its steps."""

import json
import re
import time
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import json_option, place_options
from orchestrator.cli.output import echo_json
from orchestrator.core.model import RunStatus
from orchestrator.operations.lookup import found_run
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import clock, tally
from orchestrator.reporting.report import report
from orchestrator.reporting.rows import rows, telling
from orchestrator.reporting.summary import abandoned, although, failures
from orchestrator.reporting.upstream import by_depth
from orchestrator.reporting.watch import Watch
from orchestrator.reporting.words import duration

EPILOG = """\b
Examples:
  orchestrator status
  orchestrator status daily-sales-2026 --json
  orchestrator status --store firestore://my-project/orchestrator-prod

Exit codes: 0 whatever the status of the run is, 1 some of its records cannot be read, 2 wrong use.
"""

#: What stands before each contradiction in the records of a run.
CONTRADICTION = "the records contradict each other, so the sweep does not start the steps that depend on them"

#: Above this number of steps, all are listed only with --all.
_MANY = 200


@click.command(epilog=EPILOG)
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help=f"List every step, also if there are more than {_MANY}.")
@place_options
@json_option
def command(run: str | None, everything: bool, home: Path | None, store: str | None, as_json: bool) -> int:
    """Show the status of RUN and its steps; without RUN, of the run that started last.

    RUN is the id of a run, or the beginning of one if it is unique.
    """
    found = found_run(home, run, store, outputs=as_json, partly=True)
    if as_json:
        told = report(found.run, found.plan, found.view.states, found.word, found.view.unreadable)
        more = {"doubts": list(found.doubts), "unreadable": list(found.unreadable)}
        echo_json(told | {name: said for name, said in more.items() if said})
    else:
        show(found, time.time(), everything)
    return FAILED if found.unreadable else DONE


def show(found: Found, now: float, everything: bool) -> None:
    from orchestrator.cli.views.console import console, line, say, step_lines

    screen = console()
    watch = Watch(found.run, found.plan, found.view)
    nodes = by_depth(found.plan) if everything or len(found.plan.steps) <= _MANY else telling(watch, 40)
    nodes = [node for node in nodes if node not in found.view.unreadable]
    screen.print(line(headline(found, now), "bold"))
    for name, value in found.run.params.items():
        screen.print(line(f"  {name} = {json.dumps(value, ensure_ascii=False)}"))
    if any(map(_is_day, found.run.params.values())):
        screen.print(line(f"  time zone of the run: {found.run.time_zone}"))
    for row in step_lines(rows(found.plan, found.view.states, nodes, None if found.abandoned else now), screen):
        screen.print(row)
    if len(nodes) < len(found.steps):
        screen.print(line(f"{len(nodes)} of {len(found.plan.steps):,} steps are shown; show all with --all"))
    screen.print(line(tally(watch.counts)))
    say([*failures(found, listed_above=True), *although(found)])
    for said in found.unreadable:
        screen.print(line(f"not shown: {said}", "red"))
    for said in found.doubts:
        screen.print(line(f"{CONTRADICTION}: {said}", "yellow"))
    if found.abandoned:
        screen.print(line(abandoned(found), "yellow"))


def headline(found: Found, now: float) -> str:
    """``run x of graph y: failed after 3 s, started 2026-01-31 06:00:00``."""
    run = found.run
    since = clock(run.started_at, "%Y-%m-%d %H:%M:%S")
    if found.abandoned:
        return f"run {run.id} of graph {run.graph}: {found.word}, started {since}, {duration(now - run.started_at)} ago"
    took = duration((now if run.ended_at is None else run.ended_at) - run.started_at)
    stands = "running for" if found.word == RunStatus.RUNNING else f"{found.word} after"
    return f"run {run.id} of graph {run.graph}: {stands} {took}, started {since}"


def _is_day(value: object) -> bool:
    """Whether a param is a date or a time, which depend on the time zone."""
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) is not None
