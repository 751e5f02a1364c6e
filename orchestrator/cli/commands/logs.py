"""``orchestrator logs``: what a step printed, or all steps that did not succeed."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.log_text import pieces, show
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.operations.attempt_logs import deleted, log_path, no_log, only_inside
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.operations.find_step import find_step
from orchestrator.operations.load_run import found_run
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import counted

EPILOG = """\b
Examples:
  orchestrator logs daily-sales-2026
  orchestrator logs daily-sales-2026 report
  orchestrator logs daily-sales-2026 report --attempt 1
  orchestrator logs daily-sales-2026 report --follow
  orchestrator logs daily-sales-2026 report --project my-project --region europe-west4

The log of a Dataflow job stays in the cloud: for a run there, the job's id and the URL of its log are printed.

Exit codes: 0 the log was printed, or there is none, 1 a log has been deleted, 2 wrong use.
"""

#: Seconds between two reads of a log that is followed.
_PERIOD = 0.2


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step", required=False)
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="N", show_default="the newest", help="The number of the attempt."
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing what the step writes until it has ended.")
@place_options
def command(run: str, step: str | None, attempt: int | None, follow: bool, home: Path | None, store: Location) -> int:
    """Print the log of STEP in RUN: what it wrote to standard output and standard error.

    Without STEP, print the newest logs of all steps that failed, were cancelled, will be retried or need attention.
    """
    if step is None and (attempt is not None or follow):
        raise UsageError(f"{'--follow' if follow else '--attempt'}: expected STEP too")
    if step is not None:
        run, step = apart(run, step)
    found = found_run(home, run, store, complain)
    if step is None:
        from orchestrator.cli.failed_logs import show_failed

        return show_failed(found)
    node = find_step(found.plan, step)
    if attempt is not None and attempt > found.view.state(node).attempt:
        made = counted(found.view.state(node).attempt, "attempt")
        raise UsageError(f"step '{step}' has had {made}: there is no attempt {attempt}")
    if found.home is None:
        from orchestrator.operations.cloud_run import job_lines

        for line in job_lines(found, node, attempt, follow):
            echo(line)
        return DONE
    if instead := only_inside(found, node):
        raise UsageError(instead)
    if missing := deleted(found, node, attempt):
        complain(missing)
        return FAILED
    if follow:
        show(followed(found, node, attempt, home, store))
    elif (path := log_path(found, node, attempt)) is None:
        complain(no_log(found, node, attempt))
    else:
        show(pieces(path))
    return DONE


def followed(found: Found, node: int, attempt: int | None, home: Path | None, store: Location) -> Iterator[bytes]:
    """What a step writes until it has ended: from all its attempts from now on, or from one."""
    current = attempt or max(found.view.state(node).attempt, 1)
    read = 0
    while True:
        state = found.view.state(node)
        over = state.status.final or state.attempt > current or found.abandoned
        path = log_path(found, node, current)
        if path is not None:
            for piece in pieces(path, read):
                read += len(piece)
                yield piece
        if not over:
            time.sleep(_PERIOD)
        elif attempt is None and state.attempt > current:
            current, read = current + 1, 0
        else:
            return
        found = found_run(home, found.run.id, store, complain)
