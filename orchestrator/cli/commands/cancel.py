"""``orchestrator cancel``: cancel a run, or some of its steps."""

import time
from collections.abc import Collection
from pathlib import Path

import click

from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.failure import DONE, INTERRUPTED, complain
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.core.model import RunStatus, Stop
from orchestrator.home import Home
from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.cancel_here import cancel_here
from orchestrator.operations.choose_store import named_store, url_of
from orchestrator.operations.control.arguments import reason, who
from orchestrator.operations.control.cancel import nothing_left
from orchestrator.operations.control_in_store import must_be_a_home
from orchestrator.operations.deployed_console import DeployedConsole, Location
from orchestrator.operations.find_run import all_apart, find_run
from orchestrator.operations.find_step import find_step, full_names
from orchestrator.operations.load_run import entered, load
from orchestrator.operations.requests import CancelAsked, Done
from orchestrator.reporting.found import Found
from orchestrator.reporting.summary import failures

EPILOG = """\b
Examples:
  orchestrator cancel daily-sales-2026 --why 'wrong input'
  orchestrator cancel daily-sales-2026 extract-orders
  orchestrator cancel daily-sales-2026/per-file per-file.17    # one item of a step with 'map'
  orchestrator cancel daily-sales-2026 --project my-project --region europe-west4

Without STEP, steps that have not started are cancelled at once, and running jobs are asked to stop, repeatedly, until
they have ended. Then the run ends as cancelled, unless every step has ended by itself first. Teardown steps still run,
unless they are named.

With STEP, only these steps are cancelled, and count as failed; the run continues without them. If the command is
repeated, it does what is left to do.

A cancelled run cannot be continued. To pause a run and continue it later, use 'orchestrator hold' and 'release'; or
interrupt the process that drives it with Ctrl-C, and use 'orchestrator resume'.

With --project, the run is in the cloud, and the deployed function 'console' is asked to cancel it: you need to be one
of Terraform's 'operators'.

\b
With --store firestore://…, set these variables to the values that the deployed function on_task has, as
'gcloud functions describe orchestrator-prod-on-task --region REGION' shows them; its name begins with
the name of the deployment and its environment:
  ORCHESTRATOR_REGION, ORCHESTRATOR_LAUNCHES_QUEUE, ORCHESTRATOR_CHECKS_QUEUE,
  ORCHESTRATOR_TASK_URL, ORCHESTRATOR_TASK_ACCOUNT, ORCHESTRATOR_TASK_AUDIENCE

Exit codes: 0 all of it has ended (in the cloud: was asked to stop), 2 wrong use, 130 interrupted before it ended.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@click.option("--why", default="", metavar="TEXT", help="The reason, which 'status' and 'explain' will show.")
@place_options
def command(run: str, steps: tuple[str, ...], why: str, home: Path | None, store: Location) -> int:
    """Cancel RUN, or only the named STEPs."""
    run, steps = all_apart(run, steps)
    named = url_of(store)
    with named_store(home, store) as (place, opened):
        found = entered(opened, load(place, opened, find_run(opened, run, complain), named))
    nodes = {find_step(found.plan, name) for name in steps} if steps else None
    if over := nothing_left(found, nodes):
        echo(over)
        return DONE
    if isinstance(store, DeployedConsole):
        return tell(found, store.act(found.run.id, CancelAsked(why, full_names(found, steps))))
    stop = Stop(time.time(), who(), reason(why))
    if place is None:
        return in_cloud(found, stop, nodes)
    return here(found, place, named, stop, nodes)


def in_cloud(found: Found, stop: Stop, nodes: Collection[int] | None) -> int:
    from orchestrator.operations.cloud_run import cancel_in_cloud

    assert found.url is not None
    return tell(found, Done(tuple(cancel_in_cloud(found.url, found, stop, nodes))))


def tell(found: Found, done: Done) -> int:
    for sentence in (*done.said, *done.refused):
        echo(sentence)
    echo(f"follow it: orchestrator status {found.called}{found.flag}")
    return DONE


def here(found: Found, home: Home, url: StoreUrl | None, stop: Stop, nodes: Collection[int] | None) -> int:
    must_be_a_home("cancel", home, found)
    if not cancel_here(home, found, stop, nodes, echo):
        left = "the process that drives the run ends the rest" if home.driven(found.run.top) else "repeat the command"
        echo(f"not everything has ended yet: {left}")
        return INTERRUPTED
    with named_store(home.path if url is None else None, url.text if url else None) as (place, store):
        now = entered(store, load(place, store, store.get_run(found.run.key) or found.run, url))
    for line in failures(now):
        echo(line.text)
    if now.run.status is not RunStatus.RUNNING:
        echo(f"the run has ended: {now.run.status}")
    return DONE
