"""``orchestrator start``: start a run of a deployed graph."""

import time
from pathlib import Path

import click

from orchestrator.cli.deployed_start import called, tell
from orchestrator.cli.deployment_options import deployment_options
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import json_option, params_options, run_id_option
from orchestrator.cli.params import given_params
from orchestrator.client.asking import Waiting
from orchestrator.client.start import Started, Wanted, start
from orchestrator.deployment import Deployment
from orchestrator.home import check_run_id

EPILOG = """\b
Examples:
  orchestrator start daily-sales --project my-project --region europe-west4 --param date=2026-01-31
  orchestrator start daily-sales --run-id sales-2026-01-31 --json

Each run has its own id: if there is already a run with the given --run-id, nothing is started.

The command calls the deployed function 'start' with your identity: the ID token in ORCHESTRATOR_ID_TOKEN, that of a
service account (GOOGLE_APPLICATION_CREDENTIALS, attached, or impersonated), or that of 'gcloud auth login'. You need
roles/run.invoker on the function, which Terraform's variables 'starters' and 'graph_starters' grant.

Exit codes: 0 the run was started, or was already there; 1 it could not be started, or you are not permitted to; 2 wrong
use, such as a graph that is not deployed or wrong params.
"""


@click.command(epilog=EPILOG)
@click.argument("graph")
@deployment_options
@params_options
@run_id_option
@click.option(
    "--url",
    metavar="URL",
    show_default="the URL of the deployed function, which is looked up",
    help="The URL of the function 'start'.",
)
@json_option
def command(
    graph: str,
    project: str,
    region: str,
    name: str,
    environment: str,
    pairs: tuple[str, ...],
    params_file: Path | None,
    run_id: str | None,
    url: str | None,
    as_json: bool,
) -> int:
    """Start a run of the deployed graph GRAPH.

    GRAPH is the name of the graph's file or folder in graphs/, as 'orchestrator lock' lists it.
    """
    from orchestrator.definition.run_request import made_up_id

    wanted = Wanted(
        graph,
        made_up_id(graph, time.time()) if run_id is None else check_run_id(run_id),
        given_params(pairs, params_file),
        made_up=run_id is None,
    )

    def call(address: str, token: str | None, waiting: Waiting) -> Started:
        return start(address, wanted, token, waiting)

    deployment = Deployment(project, region, name, environment)
    started, store = called(deployment, url, call)
    tell(started, store, deployment, url, as_json)
    return DONE if started.skipped is None else FAILED
