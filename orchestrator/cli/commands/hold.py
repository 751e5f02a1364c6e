"""``orchestrator hold``: keep steps from beginning another attempt until they are released."""

import time
from pathlib import Path

import click

from orchestrator.cli.control import code_of, perform
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.operations.control.arguments import moment, needed_reason, next_day
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import all_apart
from orchestrator.operations.requests import HoldAsked

EPILOG = """\b
Examples:
  orchestrator hold daily-sales-2026 report --why 'the input is late'
  orchestrator hold daily-sales-2026 per-file/17 --why 'its file is late'
  orchestrator hold daily-sales-2026 --until 18:00 --why 'maintenance'
  orchestrator hold daily-sales-2026/load-orders count --why 'late'    # a step inside
  orchestrator hold daily-sales-2026 report --why 'late' --project my-project --region europe-west4

A running attempt of a held step continues, and so do the other steps. A held step is still skipped if its trigger rule
says so. If all that is left of a run is held, the run waits. With --until, steps are released
automatically at that time, at most 3650 days from now; otherwise 'orchestrator release' releases them.

A step that is held already keeps its earlier hold: to change it, release the step first. If the command was
interrupted, repeat it: it holds the steps that are left.

With --project, the run is in the cloud, and the deployed function 'console' is asked to do it: you need to be one of
Terraform's 'operators'. With --store firestore://…, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 the steps are held, 1 the run or a named step has ended or is being cancelled, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@click.option(
    "--until", metavar="TIME", help="When to release them: 18:00, 2026-11-28T18:00, or 90m, which means in 90 minutes."
)
@click.option("--why", required=True, metavar="TEXT", help="The reason, which 'status' and 'explain' show.")
@place_options
def command(run: str, steps: tuple[str, ...], until: str | None, why: str, home: Path | None, store: Location) -> int:
    """Hold all steps of RUN, or only the named STEPs: they begin no further attempt until they are released."""
    run, steps = all_apart(run, steps)
    now = time.time()
    until_at = moment(until, now) if until is not None else None
    found, done = perform("hold", run, HoldAsked(needed_reason(why), steps, until_at), home, store)
    if until is not None and until_at is not None and done.changed and (said := next_day(until, until_at, now)):
        echo(f"until: {said}")
    if done.changed:
        echo(f"release: orchestrator release {found.called}{''.join(f' {name}' for name in steps)}{found.flag}")
    return code_of(done)
