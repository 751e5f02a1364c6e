"""``orchestrator resume``: continue a run that was interrupted or killed."""

from pathlib import Path
from typing import Any

import click

from orchestrator.cli.drive import drive, refuse_cloud_steps
from orchestrator.cli.options import driving_options, how
from orchestrator.cli.run_end import close, close_ended
from orchestrator.core.model import RunStatus
from orchestrator.operations.lookup import find_run, load, only_unfinished, store_of

EPILOG = """\b
Examples:
  orchestrator resume
  orchestrator resume daily-sales-2026

Steps that succeeded do not run again, and processes that are still running are taken over, not started twice. The run
keeps the graph and the params that it started with. A run that has ended cannot be resumed, even if it failed: start a
new one. Resuming a cancelled run only completes the cancellation.
"""


@click.command(epilog=EPILOG)
@click.argument("run", required=False)
@driving_options
def command(run: str | None, home: Path | None, **driving: Any) -> int:
    """Continue RUN, which was interrupted or killed; without RUN, the only unfinished run.

    RUN is the id of a run, or the beginning of one if it is unique.
    """
    as_told = how(**driving)
    with store_of(home) as (place, store):
        chosen = find_run(store, run) if run is not None else only_unfinished(store)
    with place.hold(chosen.id):
        with store_of(home) as (_, store):
            found = load(place, store, store.get_run(chosen.key) or chosen, outputs=as_told.json)
        if found.run.status is not RunStatus.RUNNING:
            return close_ended(found, as_told)
        refuse_cloud_steps(found.plan.steps, as_told.simulate)
        return close(drive(found, as_told, start=None), as_told)
