"""``orchestrator doctor``: what is missing or wrong in a deployment."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from orchestrator.cli.deployment_options import deployment_options
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import NamedPath, json_option
from orchestrator.cli.output import echo_json
from orchestrator.cloud.settings import read_reach_settings
from orchestrator.definition.catalog import nearest
from orchestrator.deployment import Deployment

if TYPE_CHECKING:
    from orchestrator.deployment.doctor.findings import Result

EPILOG = """\b
Examples:
  orchestrator doctor --project my-project --region europe-west4
  orchestrator doctor --environment dev --json

Doctor only reads. It calls Google's APIs with your application default credentials: log in with 'gcloud auth
application-default login'. The roles roles/viewer, roles/iam.securityReviewer and
roles/serviceusage.serviceUsageConsumer are enough for nearly all checks. Run it in the repository that is deployed, so
that it can tell whether the deployed functions are up to date. In the fixes that it prints, … stands for the variables
that you pass to Terraform, and words in capitals for values that it cannot know.

Exit codes: 0 no problems, or only warnings; 1 something is wrong, or could not be checked; 2 wrong use, no credentials,
or no such project.
"""


@click.command(epilog=EPILOG)
@deployment_options
@click.option(
    "--graphs",
    type=NamedPath(path_type=Path, file_okay=False),
    default="graphs",
    show_default=True,
    metavar="FOLDER",
    help="The folder that contains the graphs and graphs.lock.",
)
@json_option
def command(project: str, region: str, name: str, environment: str, graphs: Path, as_json: bool) -> int:
    """Check a deployment: report what is missing or wrong, and how to fix it."""
    from orchestrator.cli.views.console import say
    from orchestrator.cli.views.examined import lines, summary
    from orchestrator.client.google_apis import Apis
    from orchestrator.deployment.doctor.checks import examine
    from orchestrator.deployment.doctor.findings import UNHEALTHY
    from orchestrator.deployment.doctor.project import check_project
    from orchestrator.deployment.doctor.world import World, read_here

    deployment = Deployment(project, region, name, environment)
    graphs = nearest() / graphs if graphs == Path("graphs") else graphs  # as 'orchestrator lock' takes it
    apis = Apis(project, read_reach_settings().apis_url)
    try:
        world = World(apis, deployment, read_here(Path.cwd(), graphs))
        check_project(world)
        results: list[Result] = []
        if as_json:
            results.extend(examine(world))
            echo_json(report(deployment, results))
        else:
            width = get_terminal_size().columns if sys.stdout.isatty() else None
            say(lines(deployment, kept(examine(world), results), width))
            say(summary(deployment, results))
    finally:
        apis.close()
    return FAILED if any(result.level in UNHEALTHY for result in results) else DONE


def kept(coming: "Iterator[Result]", into: "list[Result]") -> "Iterator[Result]":
    """The same results, each also put into a list."""
    for result in coming:
        into.append(result)
        yield result


def report(deployment: Deployment, results: "Sequence[Result]") -> dict[str, object]:
    """The findings as JSON. ``level``: ok, warn, unknown or fail; a check's is that of its worst finding."""
    from orchestrator.deployment.doctor.findings import UNHEALTHY

    return {
        "deployment": deployment.base,
        "project": deployment.project,
        "region": deployment.region,
        "healthy": not any(result.level in UNHEALTHY for result in results),
        "checks": [
            {
                "group": result.group,
                "check": result.check,
                "level": result.level,
                "findings": [
                    {"level": finding.level, "text": finding.text, "fix": finding.fix} for finding in result.findings
                ],
            }
            for result in results
        ],
    }
