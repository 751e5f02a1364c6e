"""``orchestrator release``: let held steps begin again."""

from pathlib import Path

import click

from orchestrator.cli.control import perform
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import all_apart
from orchestrator.operations.requests import ReleaseAsked
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator release daily-sales-2026
  orchestrator release daily-sales-2026 report --why 'the input has arrived'

With --project, the run is in the cloud, and the deployed function 'console' is asked to do it: you need to be one of
Terraform's 'operators'. With --store firestore://…, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 none of the steps is held any more, 1 a step changed at that moment: repeat the command, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
@place_options
def command(run: str, steps: tuple[str, ...], why: str, home: Path | None, store: Location) -> None:
    """Release all held steps of RUN, or only the named STEPs."""
    run, steps = all_apart(run, steps)
    found, done = perform("release", run, ReleaseAsked(why, steps), home, store)
    if done.changed and found.abandoned:
        echo(abandoned(found))
