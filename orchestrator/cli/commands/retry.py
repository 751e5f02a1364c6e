"""``orchestrator retry``: retry a step that needs attention."""

from pathlib import Path

import click

from orchestrator.cli.control import code_of, perform
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.operations.requests import RetryAsked
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator retry daily-sales-2026 report --why 'the disk was full'

The step gets as many attempts again as its 'retry' allows. A step with 'on_failure: hold' needs attention when its last
attempt has failed. In a run that has ended, use 'orchestrator rerun'.

With --project, the run is in the cloud, and the deployed function 'console' is asked to do it: you need to be one of
Terraform's 'operators'. With --store firestore://…, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 it is tried again, 1 it does not need attention, or the run has ended, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
@place_options
def command(run: str, step: str, why: str, home: Path | None, store: Location) -> int:
    """Retry STEP of RUN, which needs attention."""
    run, step = apart(run, step)
    found, done = perform("retry", run, RetryAsked(step, why), home, store)
    if done.changed and found.abandoned:
        echo(abandoned(found))
    return code_of(done)
