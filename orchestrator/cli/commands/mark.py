"""``orchestrator mark``: decide how a step ends."""

import json
import time
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.control import apply_one, found_step
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import place_options, run_argument
from orchestrator.cli.output import echo
from orchestrator.core.events import StopRequested
from orchestrator.core.model import MARKS, Status, Stop
from orchestrator.core.values import MAX_OUTPUT, misfit
from orchestrator.errors import UsageError
from orchestrator.operations.people import needed_reason, who
from orchestrator.reporting.phrases import done_by, status_word, stopped
from orchestrator.reporting.summary import abandoned

EPILOG = """\b
Examples:
  orchestrator mark daily-sales-2026 report succeeded --why 'loaded by hand'
  orchestrator mark daily-sales-2026 count succeeded --outputs '{"rows": 42}' --why 'counted by hand'
  orchestrator mark daily-sales-2026 report skipped --why 'not today'

A step that waits for other steps ends when they have ended: as marked, if its trigger rule then lets it run; otherwise
as the rule says, so that no failure is lost. A step that is up for retry or needs attention ends at once. The job of a
running step is stopped first, and the step ends as marked when the job has ended, however the job ended.

For a run in the cloud, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 the step is marked, 1 it has ended, or is being cancelled, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step")
@click.argument("status", type=click.Choice([str(mark) for mark in MARKS]))
@click.option("--outputs", metavar="JSON", help="The outputs of a step that is marked as succeeded: a JSON object.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, which 'status' and 'explain' will show.")
@place_options
def command(
    run: str, step: str, status: str, outputs: str | None, why: str, home: Path | None, store: str | None
) -> int:
    """Decide how STEP of RUN ends: as succeeded, failed or skipped."""
    mark = Status(status)
    stop = Stop(time.time(), who(), needed_reason(why), mark, _outputs(outputs, mark))
    found, node = found_step("mark", run, step, home, store)
    commit = apply_one("mark", found, node, StopRequested(stop))
    state, name = commit.state if commit is not None else found.view.state(node), found.plan.steps[node].name
    if state.stop != stop:
        echo(f"run {found.run.id}: {name} cannot be marked: {_why_not(state.stop, state.status)}")
        return FAILED
    echo(f"run {found.run.id}: {name} {_becomes(state.status, mark)}")
    if found.abandoned:
        echo(abandoned(found))
    return DONE


def _outputs(text: str | None, mark: Status) -> dict[str, Any] | None:
    """The outputs that were given. Raises UsageError."""
    if text is None:
        return None
    if mark is not Status.SUCCEEDED:
        raise UsageError(
            f"--outputs: expected 'succeeded' with it, got '{mark}': only a step that succeeded has outputs"
        )
    try:
        outputs = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--outputs: expected a JSON object, got {text!r:.60}: {error}") from error
    if not isinstance(outputs, dict):
        raise UsageError(f"--outputs: expected a JSON object, got {text!r:.60}")
    if wrong := misfit(outputs) or _too_large(text):
        raise UsageError(f"--outputs: {wrong}")
    return outputs


def _too_large(text: str) -> str:
    size = len(text.encode())
    return f"expected at most {MAX_OUTPUT:,} bytes, got {size:,}" if size > MAX_OUTPUT else ""


def _becomes(status: Status, mark: Status) -> str:
    if status is mark:
        return f"marked {mark}"
    if status.active:
        return f"is asked to stop, and ends as {mark} when its job has ended"
    return f"ends as {mark} when the steps before it have ended, unless its trigger keeps it from running"


def _why_not(stop: Stop | None, status: Status) -> str:
    if stop is not None and not status.final:
        return f"it was {done_by(stop)} {stopped(stop)}"
    return f"it has ended ({status_word(status)})"
