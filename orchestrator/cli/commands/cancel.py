"""``orchestrator cancel``: stop a run for good."""

from pathlib import Path

import click

from orchestrator.cli.cancelling import cancel_here
from orchestrator.cli.failure import DONE, INTERRUPTED
from orchestrator.cli.lookup import find_run, named_store
from orchestrator.cli.options import place_options
from orchestrator.cli.words import counted
from orchestrator.core.model import Run, RunStatus
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.wiring import store_url

EPILOG = """\b
Examples:
  orchestrator cancel daily-sales-2026
  orchestrator cancel daily-sales-2026 --store 'firestore://my-project/(default)'

Steps that have not begun never will, and running jobs are asked to stop; the run then counts as failed. It may be
asked again at any time. To go on with a run later, stop it with Ctrl-C instead, and use 'orchestrator resume'.

A run in the cloud needs the variables that the deployed functions have (ORCHESTRATOR_REGION, ..._QUEUE, ..._TASK_URL).

Exit codes: 0 it is cancelled, or had ended; 2 wrong use, 130 interrupted.
"""


@click.command(epilog=EPILOG)
@click.argument("run")
@place_options
def command(run: str, home: Path | None, store: str | None) -> int:
    """Stop RUN for good: what has not begun never will, and running jobs are asked to stop."""
    with named_store(home, store) as (place, found):
        chosen = find_run(found, run)
        left = [state for state in found.load_all(chosen.key).states.values() if state.status.active]
    if chosen.status is not RunStatus.RUNNING and not left:
        click.echo(f"run {chosen.id} has ended ({chosen.status}): nothing is left to cancel")
        return DONE
    if place is None:
        return in_cloud(chosen, store or "")
    return here(chosen, place, store)


def in_cloud(run: Run, url: str) -> int:
    from orchestrator.cli.cloud import cancel_in_cloud

    settled, asked = cancel_in_cloud(store_url(url), run.key)
    click.echo(f"run {run.id}: {_done(settled, asked)}")
    click.echo(f"see it end: orchestrator status {run.id} --store '{url}'")
    return DONE


def here(run: Run, home: Home, url: str | None) -> int:
    named = store_url(url).file if url is not None else None
    if named is not None and named.name != home.database.name:
        raise UsageError(f"--store: expected a file called {home.database.name}, to cancel a run in it, came {named}")
    if home.held(run.id):
        raise UsageError(
            f"run '{run.id}' is being driven by another process: stop it with Ctrl-C there, then cancel it"
        )
    with home.hold(run.id):
        cancelled = cancel_here(home, run)
    click.echo(f"run {run.id}: {_done(cancelled.settled, cancelled.asked)}")
    if cancelled.run.status is RunStatus.RUNNING or cancelled.left:
        click.echo("not all of it has ended yet: cancel it again")
        return INTERRUPTED
    click.echo(f"it has ended: {cancelled.run.status}")
    return DONE


def _done(settled: int, asked: int) -> str:
    return f"{counted(settled, 'step')} settled as cancelled, {counted(asked, 'job')} asked to stop"
