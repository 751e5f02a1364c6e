"""``orchestrator explain``: why a step has the status that it has."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import complain
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.core.kinds import kind_of
from orchestrator.engine.runs_inside import child_key
from orchestrator.operations.attempt_logs import log_path
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.operations.find_step import find_step
from orchestrator.operations.load_run import found_run
from orchestrator.reporting.deadlines import deadline_said
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import has_no_run
from orchestrator.reporting.summary import abandoned, failures_inside
from orchestrator.system.files import short

EPILOG = """\b
Examples:
  orchestrator explain daily-sales-2026 report
  orchestrator explain daily-sales-2026 report --project my-project --region europe-west4
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step")
@place_options
def command(run: str, step: str, home: Path | None, store: Location) -> None:
    """Explain the status of STEP in RUN: why it failed or was skipped, or what it is waiting for."""
    run, step = apart(run, step)
    found = found_run(home, run, store, complain, outputs=True)
    node = find_step(found.plan, step)
    now = None if found.abandoned else time.time()
    first, *further = explain(found.plan, found.view, node, now)
    if said := deadline_said(found.run, found.plan, found.view.state(node), node, now):
        further.append(said)
    echo(indented(f"{found.plan.steps[node].name}: {first}"))
    for line in further:
        echo(indented(f"  {line}"))
    for line in _inside(found, node, run):
        echo(f"  {line}")
    log = log_path(found, node)
    if log is not None:
        echo(f"  log: {short(log)}")
    if found.abandoned:
        echo(f"  {abandoned(found)}")


def _inside(found: Found, node: int, run: str) -> Iterator[str]:
    """Of a step that is a run: what failed inside it, and where to see all of it; or why it has none."""
    step, state = found.plan.steps[node], found.view.state(node)
    if not kind_of(step.work).runs or not state.attempt:
        return
    if child_key(state) is None:
        yield f"it {has_no_run(state, quoted=False)}"
        return
    yield from (line.text.removeprefix("  ") for line in failures_inside(found, node, run))
    yield f"the run inside it: orchestrator status {run}/{step.name}{found.flag}"


def indented(line: str) -> str:
    """``line``, with the further lines of an error, if it has any, indented below the first."""
    return line.replace("\n", "\n      ")
