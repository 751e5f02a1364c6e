"""``orchestrator doctor``: what is missing or wrong in a deployment."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import NamedPath, deployment_options, json_option
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

It asks Google's APIs with your application default credentials (gcloud auth application-default login), and changes
nothing. roles/viewer, roles/iam.securityReviewer and roles/serviceusage.serviceUsageConsumer let it see nearly
everything. Run it in the repository that is
deployed: there it can tell whether the functions are up to date. In what it says to type, … stands for the variables
that you deploy with, and words in capitals for what it cannot know.

Exit codes: 0 all is well, warnings allowed; 1 something is wrong, or could not be looked at; 2 wrong use, no
credentials, no such project.
"""


@click.command(epilog=EPILOG)
@deployment_options
@click.option(
    "--graphs",
    type=NamedPath(path_type=Path, file_okay=False),
    default="graphs",
    show_default=True,
    help="The folder with the graphs and their graphs.lock.",
)
@json_option
def command(project: str, region: str, name: str, environment: str, graphs: Path, as_json: bool) -> int:
    """Say what is missing or wrong in a deployment, and what fixes it."""
    from orchestrator.cli.views.console import say
    from orchestrator.cli.views.examined import lines, summary
    from orchestrator.client.google_apis import Apis
    from orchestrator.deployment.doctor.checks import examine
    from orchestrator.deployment.doctor.findings import UNWELL
    from orchestrator.deployment.doctor.project import check_project
    from orchestrator.deployment.doctor.world import World, look_here

    deployment = Deployment(project, region, name, environment)
    graphs = nearest() / graphs if graphs == Path("graphs") else graphs  # as 'orchestrator lock' takes it
    apis = Apis(project, read_reach_settings().apis_url)
    try:
        world = World(apis, deployment, look_here(Path.cwd(), graphs))
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
    return FAILED if any(result.level in UNWELL for result in results) else DONE


def kept(coming: "Iterator[Result]", into: "list[Result]") -> "Iterator[Result]":
    """The same results, each also put into a list."""
    for result in coming:
        into.append(result)
        yield result


def report(deployment: Deployment, results: "Sequence[Result]") -> dict[str, object]:
    """The same for programs. ``level``: ok, warn, unknown or fail; a check's is that of its worst finding."""
    from orchestrator.deployment.doctor.findings import UNWELL

    return {
        "deployment": deployment.base,
        "project": deployment.project,
        "region": deployment.region,
        "well": not any(result.level in UNWELL for result in results),
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
