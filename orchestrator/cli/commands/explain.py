"""``orchestrator explain``: why a step stands as it does."""

import time
from pathlib import Path

import click

from orchestrator.cli.options import place_options
from orchestrator.cli.output import echo
from orchestrator.operations.lookup import find_step, found_run
from orchestrator.reporting.explain import explain
from orchestrator.reporting.summary import abandoned, log_path, short

EPILOG = """\b
Examples:
  orchestrator explain daily-sales-2026 report
  orchestrator explain daily-sales-2026 report --store firestore://my-project/orchestrator-prod
"""


@click.command(epilog=EPILOG)
@click.argument("run")
@click.argument("step")
@place_options
def command(run: str, step: str, home: Path | None, store: str | None) -> None:
    """Say why STEP of RUN stands as it does: what it waits for, or why it failed or was skipped."""
    found = found_run(home, run, store, outputs=True)
    node = find_step(found.plan, step)
    first, *further = explain(found.plan, found.view, node, None if found.abandoned else time.time())
    echo(indented(f"{found.plan.steps[node].name}: {first}"))
    for line in further:
        echo(indented(f"  {line}"))
    log = log_path(found, node)
    if log is not None:
        echo(f"  log: {short(log)}")
    if found.abandoned:
        echo(f"  {abandoned(found)}")


def indented(line: str) -> str:
    """A line, whose further lines, if an error has some, stand below it."""
    return line.replace("\n", "\n      ")
