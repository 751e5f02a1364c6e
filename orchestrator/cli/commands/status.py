"""``orchestrator status``: the status of a run and its steps."""

import time
from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import json_option, run_argument
from orchestrator.cli.output import echo_json
from orchestrator.core.model import RunStatus
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.load_run import found_run
from orchestrator.reporting.deadlines import deadline_note, deadline_said
from orchestrator.reporting.found import Found
from orchestrator.reporting.held import half_held, stuck
from orchestrator.reporting.overview import CONTRADICTION, MANY, headline, param_lines, shown_steps
from orchestrator.reporting.phrases import tally
from orchestrator.reporting.report import report
from orchestrator.reporting.rows import rows
from orchestrator.reporting.summary import abandoned, although, failures, how_to_rerun, interrupted
from orchestrator.reporting.watch import Watch

EPILOG = """\b
Examples:
  orchestrator status
  orchestrator status daily-sales-2026 --json
  orchestrator status daily-sales --watch
  orchestrator status --project my-project --region europe-west4

With --watch, what the run does is shown until it has ended, or until no process drives it any more: in a terminal, the
screen is redrawn; otherwise, a line is printed for each change; with --json, only the status at the end is printed.
Ctrl-C ends only the watching.

Exit codes: 0 whatever the status of the run is, 1 some of its records cannot be read, 2 wrong use, 130 interrupted
while watching.
"""


@click.command(epilog=EPILOG)
@run_argument(required=False)
@click.option("--all", "everything", is_flag=True, help=f"List every step, even if there are more than {MANY}.")
@click.option("-w", "--watch", is_flag=True, help="Show what the run does until it has ended.")
@place_options
@json_option
def command(run: str | None, everything: bool, watch: bool, home: Path | None, store: Location, as_json: bool) -> int:
    """Show the status of RUN and its steps; without RUN, of the run that started last."""
    found = found_run(home, run, store, complain, outputs=as_json, partly=True)
    watched = watch and found.run.status is RunStatus.RUNNING and not found.abandoned
    if watched:
        from orchestrator.cli.follow import ending, follow

        found = follow(found, home, store, silent=as_json)
        if not as_json:
            from orchestrator.cli.views.console import say

            say([*ending(found)])
    if as_json:
        told = report(found.run, found.plan, found.view.states, found.word, found.view.unreadable)
        if found.newest_rerun is not None:
            told["newest_rerun"] = found.newest_rerun[0].id
        more = {"doubts": list(found.doubts), "unreadable": list(found.unreadable)}
        echo_json(told | {name: said for name, said in more.items() if said})
    elif not watched:
        show(found, time.time(), everything)
    return FAILED if found.unreadable else DONE


def show(found: Found, now: float, everything: bool) -> None:
    from orchestrator.cli.views.console import console, line, say, step_lines

    screen = console()
    watch = Watch(found.run, found.plan, found.view)
    nodes = shown_steps(found, watch, everything)
    screen.print(line(headline(found, now), "bold"))
    for text in param_lines(found.run):
        screen.print(line(f"  {text}"))
    end = found.plan.end
    if said := deadline_said(found.run, found.plan, found.view.state(end), end, None if found.abandoned else now):
        screen.print(line(f"  {said}", "yellow" if deadline_note(found.view.state(end)) else ""))
    for row in step_lines(rows(found.plan, found.view.states, nodes, None if found.abandoned else now), screen):
        screen.print(row)
    if len(nodes) < len(found.steps):
        screen.print(line(f"{len(nodes)} of {len(found.plan.steps):,} steps are shown; show all with --all"))
    screen.print(line(tally(watch.counts, interrupted(found) if found.abandoned else 0)))
    say([*failures(found, listed_above=True), *although(found), *how_to_rerun(found)])
    for said in found.unreadable:
        screen.print(line(f"not shown: {said}", "red"))
    for said in found.doubts:
        screen.print(line(f"{CONTRADICTION}: {said}", "yellow"))
    known = found.plan, found.view.states
    for said in stuck(found):
        screen.print(line(said, "yellow"))
    if found.run.status is RunStatus.RUNNING and (half := half_held(*known, found.called, found.flag)):
        screen.print(line(half, "yellow"))
    if found.abandoned:
        screen.print(line(abandoned(found), "yellow"))
