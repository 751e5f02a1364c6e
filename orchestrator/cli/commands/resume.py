"""``orchestrator resume``: continue a run that was interrupted or killed."""

from pathlib import Path
from typing import Any

import click

from orchestrator.cli.drive import driver
from orchestrator.cli.driving_options import driving_options, how
from orchestrator.cli.failure import complain
from orchestrator.cli.options import run_argument
from orchestrator.cli.run_end import close
from orchestrator.operations.choose_store import store_of
from orchestrator.operations.find_run import find_run, only_unfinished
from orchestrator.operations.runs import resume

EPILOG = """\b
Examples:
  orchestrator resume
  orchestrator resume daily-sales-2026

Steps that succeeded do not run again, and processes that are still running are taken over, not started twice. The run
keeps the graph and the params that it started with. A run that has ended cannot be resumed: 'orchestrator rerun' starts
a new run that repeats only what did not succeed. Resuming a cancelled run only completes the cancellation.
"""


@click.command(epilog=EPILOG)
@run_argument(required=False)
@driving_options
def command(run: str | None, home: Path | None, **driving: Any) -> int:
    """Continue RUN, which was interrupted or killed; without RUN, the only interrupted run."""
    as_told = how(**driving)
    with store_of(home) as (place, store):
        chosen = find_run(store, run, complain) if run is not None else only_unfinished(place, store)
    return close(resume(chosen, place, driver(as_told)), as_told)
