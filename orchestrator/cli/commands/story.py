"""``orchestrator story``: what happened in a run, in order."""

from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import json_option, run_argument
from orchestrator.cli.output import echo, echo_json
from orchestrator.core.control import MAX_ACTS
from orchestrator.core.past_attempts import MAX_PAST
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.operations.find_step import find_step
from orchestrator.operations.load_run import found_run
from orchestrator.reporting.story import story, story_json, story_lines

EPILOG = f"""\b
Examples:
  orchestrator story daily-sales-2026
  orchestrator story daily-sales-2026 report --json

Of each step, the newest {MAX_PAST} earlier attempts and the newest {MAX_ACTS} actions of people are kept.

Exit codes: 0 whatever happened, 1 some records of the run cannot be read, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step", required=False)
@place_options
@json_option
def command(run: str, step: str | None, home: Path | None, store: Location, as_json: bool) -> int:
    """List what happened in RUN, or only to STEP: every attempt and how it ended, and what people did, when and why."""
    if step is not None:
        run, step = apart(run, step)
    found = found_run(home, run, store, complain, partly=True)
    nodes = found.steps if step is None else [find_step(found.plan, step)]
    told = story(found.run, found.plan, found.view, nodes)
    if as_json:
        echo_json([story_json(one) for one in told])
    else:
        for line in story_lines(told):
            echo(line)
    for said in found.unreadable:
        echo(f"not told: {said}", beside=True)
    return FAILED if found.unreadable else DONE
