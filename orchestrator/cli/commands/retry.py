"""``orchestrator retry``: retry a step that needs attention."""

import time
from pathlib import Path

import click

from orchestrator.cli.control import apply_one, found_step
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import place_options, run_argument
from orchestrator.cli.output import echo
from orchestrator.core.control import MAX_FORGIVEN
from orchestrator.core.events import RetryRequested
from orchestrator.core.model import Status
from orchestrator.operations.people import reason, who
from orchestrator.reporting.phrases import status_word
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator retry daily-sales-2026 report --why 'the disk was full'

The step gets as many attempts again as its 'retry' allows. A step with 'on_failure: hold' needs attention when its last
attempt has failed. In a run that has ended, use 'orchestrator rerun'.

For a run in the cloud, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 it is tried again, 1 it does not need attention, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
@place_options
def command(run: str, step: str, why: str, home: Path | None, store: str | None) -> int:
    """Retry STEP of RUN, which needs attention."""
    found, node = found_step("retry", run, step, home, store)
    event = RetryRequested(found.view.state(node).attempt, time.time(), who(), reason(why))
    commit = apply_one("retry", found, node, event)
    state, name = commit.state if commit is not None else found.view.state(node), found.plan.steps[node].name
    if commit is not None and commit.applied:
        echo(f"run {found.run.id}: {name} is retried: attempt {state.attempt + 1}")
        if found.abandoned:
            echo(abandoned(found))
        return DONE
    if state.status is Status.NEEDS_ATTENTION:
        echo(f"run {found.run.id}: {name} has failed more than {MAX_FORGIVEN} times: mark it, or cancel it")
    else:
        echo(f"run {found.run.id}: {name} does not need attention: it is {status_word(state.status)}")
    return FAILED
