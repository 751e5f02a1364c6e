"""``orchestrator audit``: jobs and processes that still run though no run waits for them."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from orchestrator.cli.confirm import agreed
from orchestrator.cli.deployed_console import deployed_console
from orchestrator.cli.deployment_options import cloud_options, only_with_project
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import home_option, json_option
from orchestrator.cli.output import echo, echo_json
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.operations.audit.findings import Audit, Leftover
from orchestrator.operations.choose_store import choose_home, store_of
from orchestrator.operations.deployed_console import DeployedConsole
from orchestrator.reporting.phrases import counted

EPILOG = """\b
Examples:
  orchestrator audit
  orchestrator audit --stop
  orchestrator audit --project my-project --region europe-west4
  orchestrator audit --project my-project --region europe-west4 --stop --yes

A leftover is a job whose run has ended or is unknown, or whose step has gone on without it. On this machine, these are
processes of commands; with --project, the deployment's Dataflow jobs in all regions, with what they have used so far.
Jobs of other deployments and of people are never touched; nor are jobs that a graph leaves running on purpose
(streaming).

With --stop they are shown first, and you are asked. Dataflow jobs are cancelled, and streaming ones drained; processes
get 10 seconds to end, and are killed then.

With --project and --region, the deployed consoles do this: you need to be one of Terraform's 'viewers', or with --stop
of its 'operators'. With --project alone, or with --database, Google's APIs are asked with your own rights: the roles
roles/dataflow.developer and roles/datastore.viewer.

Exit codes: 0 no leftovers, 1 there are or were some, or it cannot be told, 2 wrong use.
"""

#: Says what became of a leftover.
Stop = Callable[[Leftover], str]


@click.command(epilog=EPILOG)
@click.option("--stop", is_flag=True, help="Stop the leftovers.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@home_option
@cloud_options
@click.option(
    "--database",
    metavar="NAME",
    show_default="that of the deployment",
    help="With --project, instead of --region: the Firestore database, if Terraform was given an existing one.",
)
@json_option
def command(
    stop: bool,
    yes: bool,
    home: Path | None,
    project: str | None,
    region: str | None,
    name: str,
    environment: str,
    url: str | None,
    database: str | None,
    as_json: bool,
) -> int:
    """Find jobs and processes that still run though no run waits for them."""
    if stop and not yes and (as_json or not sys.stdin.isatty()):
        raise UsageError("nobody can be asked here, so add --yes to confirm; without --stop, they are only shown")
    if project is None:
        only_with_project("region", "name", "environment", "database", "url")
        return _here(home, stop, yes, as_json)
    if home is not None:
        raise UsageError("--home and --project both say where to look: give only one of them")
    from orchestrator.deployment import Deployment

    if region is not None and database is None:
        return _by_console(deployed_console(Deployment(project, region, name, environment), url), stop, yes, as_json)
    if url is not None:
        raise UsageError("--url: expected --region with it, and not --database")
    from orchestrator.operations.audit.cloud import jobs_of

    deployment = Deployment(project, "none", name, environment)
    with jobs_of(project, deployment.base, database or deployment.database) as jobs:
        found = jobs.audit()
        if stop and found.left:
            jobs.check_store()
        return told(found, jobs.stop if stop else None, yes, as_json)


def _by_console(place: DeployedConsole, stop: bool, yes: bool, as_json: bool) -> int:
    """Let the deployment's consoles find what is left, and stop it."""

    def ask(left: Leftover) -> str:
        answer = place.send("/audit/stop", {"job": left.where})
        return "; ".join(map(str, answer["said"] or answer["errors"])).removeprefix(f"{left.name}: ")

    said = place.show("/audit", {})
    try:
        found = Audit.of(said)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise OrchestratorError(
            f"the console's answer cannot be read: {error}: use the version that is deployed"
        ) from error
    return told(found, ask if stop else None, yes, as_json)


def _here(home: Path | None, stop: bool, yes: bool, as_json: bool) -> int:
    from orchestrator.operations.audit.home import audit_home, end

    chosen = choose_home(home, Path())
    if not chosen.database.exists() and (chosen.path / "runs").is_dir():
        found = audit_home(chosen, None, time.time())
    else:
        with store_of(home) as (place, store):
            found = audit_home(place, store, time.time())
    return told(found, (lambda left: end(Path(left.where))) if stop else None, yes, as_json)


def told(found: Audit, stop: Stop | None, yes: bool, as_json: bool) -> int:
    """Show what was found, stop it if that is wanted and confirmed, and return the exit code."""
    if as_json:
        left = [one.json() | ({"stopped": stop(one)} if stop is not None else {}) for one in found.left]
        echo_json({"left": left, "unclear": list(found.unclear), "running": found.looked_at})
        return DONE if found.clean else FAILED
    for one in found.left:
        for line in one.lines(time.time()):
            echo(line)
    for sentence in found.unclear:
        complain(sentence)
    if found.clean:
        running = counted(found.looked_at, "job") if found.looked_at else "no job"
        echo(f"nothing is left: {running} running{', and a run waits for each' if found.looked_at else ''}")
        return DONE
    if stop is not None and found.left:
        if not (yes or agreed(f"Stop {counted(len(found.left), 'job')}?")):
            echo("nothing was stopped")
            return FAILED
        for one in found.left:
            echo(f"{one.name}: {stop(one)}")
    return FAILED
