"""``orchestrator start``: start a run of a deployed graph."""

import time
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, complain
from orchestrator.cli.options import deployment_options, json_option, params_options, run_id_option
from orchestrator.cli.output import echo, echo_json
from orchestrator.cli.params import given_params
from orchestrator.client.identity import email_of, id_token, member_of
from orchestrator.client.post import is_local
from orchestrator.client.start import NotAllowedError, Started, Waiting, Wanted, start
from orchestrator.cloud.settings import read_reach_settings
from orchestrator.deployment import Deployment
from orchestrator.errors import NotFoundError, OrchestratorError
from orchestrator.home import check_run_id
from orchestrator.reporting.times import duration

EPILOG = """\b
Examples:
  orchestrator start daily-sales --project my-project --region europe-west4 --param date=2026-01-31
  orchestrator start daily-sales --run-id sales-2026-01-31 --json

Each run has its own id: if there is already a run with the given --run-id, nothing is started.

The command calls the deployed function 'start' with your identity: the ID token in ORCHESTRATOR_ID_TOKEN, that of a
service account (GOOGLE_APPLICATION_CREDENTIALS, attached, or impersonated), or that of 'gcloud auth login'. You need
roles/run.invoker on the function, which Terraform's variable 'starters' grants.

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

    params = given_params(pairs, params_file)
    deployment, settings = Deployment(project, region, name, environment), read_reach_settings()
    address, database = (url, deployment.database) if url else found(deployment, settings.apis_url)
    token = id_token(address, settings.id_token) if settings.id_token or not is_local(address) else None
    wanted = Wanted(
        graph,
        made_up_id(graph, time.time()) if run_id is None else check_run_id(run_id),
        params,
        made_up=run_id is None,
    )
    waiting = Waiting(lambda why, seconds: complain(f"{why.rstrip('.')}: trying again in {duration(seconds)}"))
    try:
        started = start(address, wanted, token, waiting)
    except NotAllowedError as error:
        raise OrchestratorError(not_allowed(deployment, error, token)) from error
    tell(started, f"firestore://{project}/{database}", as_json)
    return DONE


def found(deployment: Deployment, apis_url: str | None) -> tuple[str, str]:
    """The URL of the deployed ``start``, and the database that contains its runs. Raises OrchestratorError."""
    from orchestrator.client.google_apis import Apis, AskError
    from orchestrator.deployment.doctor.calls import FUNCTION
    from orchestrator.deployment.doctor.world import variables

    name = deployment.function("start")
    apis = Apis(deployment.project, apis_url)
    try:
        function = apis.ask(FUNCTION, f"projects/{deployment.project}/locations/{deployment.region}/functions/{name}")
    except AskError as error:
        if error.status == 404:
            where = f"{deployment.project}, {deployment.region}"
            raise NotFoundError(f"function {name} was not found in {where}: run 'orchestrator doctor'") from error
        raise OrchestratorError(f"{error}: if you know the URL of {name}, give it with --url") from error
    finally:
        apis.close()
    address = function.get("serviceConfig", {}).get("uri", "")
    if not address:
        raise OrchestratorError(
            f"function {name} cannot be called, its state is {function.get('state')}: run 'orchestrator doctor'"
        )
    return address, variables(function).get("ORCHESTRATOR_DATABASE", "(default)")


def not_allowed(deployment: Deployment, error: NotAllowedError, token: str | None) -> str:
    """Who was refused, and which role to grant."""
    from orchestrator.deployment.doctor.fixes import Fixes

    email = email_of(token or "")
    who = f"you are {email}" if email else "your token does not say who you are"
    function = deployment.function("start")
    needed = f"roles/run.invoker on {function} is needed"
    if error.status == 401:
        why = "the token was rejected: it may have expired, or be for another URL"
        return f"{error}: {who}, and {why}; {needed} too"
    line = Fixes(deployment).grant("function", function, member_of(email), "roles/run.invoker")
    return f"{error}: {who}; {needed}: Terraform's variable 'starters', or\n{line}"


def tell(started: Started, store: str, as_json: bool) -> None:
    """Print the run, and how to follow it."""
    if as_json:
        echo_json({**asdict(started), "store": store})
        return
    was = "started" if started.created else f"already exists, its status is {started.status}"
    echo(f"run {started.run} {was}")
    echo(f"follow it: orchestrator status {started.run} --store '{store}'")
