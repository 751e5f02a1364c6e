"""``orchestrator mark``: decide how a step ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.control import code_of, perform
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.core.model import MARKS, Status
from orchestrator.core.values import read_json
from orchestrator.errors import UsageError
from orchestrator.operations.control.arguments import needed_reason
from orchestrator.operations.control.retry_and_mark import fit_outputs
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.operations.requests import MarkAsked
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator mark daily-sales-2026 report succeeded --why 'loaded by hand'
  orchestrator mark daily-sales-2026 count succeeded --outputs '{"rows": 42}' --why 'counted by hand'
  orchestrator mark daily-sales-2026 report skipped --why 'not today'
  orchestrator mark daily-sales-2026 per-file/17 skipped --why 'an empty file'

A step that waits for other steps ends when they have ended: as marked, if its trigger rule then lets it run; otherwise
as the rule says, so that no failure is lost. A step that is up for retry or needs attention ends at once. The job of a
running step is stopped first, and the step ends as marked when the job has ended, however the job ended.

With --project, the run is in the cloud, and the deployed function 'console' is asked to do it: you need to be one of
Terraform's 'operators'. With --store firestore://…, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 the step is marked, 1 it or its run has ended, or is being cancelled, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step")
@click.argument("status", type=click.Choice([str(mark) for mark in MARKS]))
@click.option("--outputs", metavar="JSON", help="The outputs of a step that is marked as succeeded: a JSON object.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, which 'status' and 'explain' will show.")
@place_options
def command(run: str, step: str, status: str, outputs: str | None, why: str, home: Path | None, store: Location) -> int:
    """Decide how STEP of RUN ends: as succeeded, failed or skipped."""
    run, step = apart(run, step)
    mark = Status(status)
    asked = MarkAsked(step, mark, needed_reason(why), _outputs(outputs, mark))
    found, done = perform("mark", run, asked, home, store)
    if not done.refused and found.abandoned:
        echo(abandoned(found))
    return code_of(done)


def _outputs(text: str | None, mark: Status) -> Mapping[str, Any] | None:
    """The outputs that were given. Raises UsageError."""
    if text is None:
        return None
    try:
        outputs = read_json(text) if mark is Status.SUCCEEDED else {}
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--outputs: expected a JSON object, got {text!r:.60}: {error}") from error
    if not isinstance(outputs, dict):
        raise UsageError(f"--outputs: expected a JSON object, got {text!r:.60}")
    return fit_outputs(outputs, mark, "--outputs")
