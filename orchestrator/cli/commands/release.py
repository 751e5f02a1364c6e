"""``orchestrator release``: let held steps begin again."""

import time
from pathlib import Path

import click

from orchestrator.cli.control import control
from orchestrator.cli.options import place_options, run_argument
from orchestrator.cli.output import echo
from orchestrator.core.events import HoldReleased
from orchestrator.operations.people import reason, who
from orchestrator.reporting.held import hold_of
from orchestrator.reporting.phrases import listed
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator release daily-sales-2026
  orchestrator release daily-sales-2026 report --why 'the input has arrived'

For a run in the cloud, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 none of the steps is held any more, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
@place_options
def command(run: str, steps: tuple[str, ...], why: str, home: Path | None, store: str | None) -> None:
    """Release all held steps of RUN, or only the named STEPs."""
    event = HoldReleased(time.time(), who(), reason(why))
    done = control("release", run, steps, event, home, store, only=lambda state: hold_of(state) is not None)
    released = [done.found.plan.steps[node].name for node, commit in done.commits.items() if commit.applied]
    echo(f"run {done.found.run.id}: " + (f"{listed(released, 8)} released" if released else "nothing was held"))
    if released and done.found.abandoned:
        echo(abandoned(done.found))
