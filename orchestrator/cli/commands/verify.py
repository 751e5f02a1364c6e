"""``orchestrator verify``: check that the records of a run agree."""

from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.operations.choose_store import named_store
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import find_run, newest
from orchestrator.operations.run_records import plan_of
from orchestrator.operations.verify import wrong
from orchestrator.reporting.phrases import counted

EPILOG = """\b
Examples:
  orchestrator verify daily-sales-2026
  orchestrator verify daily-sales-2026 --project my-project --region europe-west4

It compares the state of each step with the states of its predecessors, the counters of the joins with what they count,
and the status of the run with its steps. Records that cannot be read are listed too. If records contradict each other,
the sweep does not start the steps that depend on them; usually somebody has changed or deleted records by hand.

Exit codes: 0 no problems found, 1 problems found, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument(required=False)
@place_options
def command(run: str | None, home: Path | None, store: Location) -> int:
    """Check that the stored records of RUN agree; without RUN, those of the run that started last."""
    with named_store(home, store) as (place, opened):
        found = find_run(opened, run, complain) if run is not None else newest(opened)
        said = wrong(opened, found.key, plan_of(place, opened, found))
    for line in said:
        echo(line)
    echo(f"run {found.id}: {counted(len(said), 'problem') if said else 'no problems found'}")
    return FAILED if said else DONE
