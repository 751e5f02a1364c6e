"""``orchestrator rerun``: run again what did not succeed in a run that has ended, and keep the rest."""

from pathlib import Path
from typing import Any

import click

from orchestrator.cli.deployment_options import cloud_options, only_with_project
from orchestrator.cli.driving_options import driving_options, how
from orchestrator.cli.options import params_options, run_argument
from orchestrator.cli.params import given_params
from orchestrator.cli.rerun_here import here
from orchestrator.cli.rerun_in_cloud import in_cloud
from orchestrator.cli.rerun_wish import Wish
from orchestrator.core.rerun_inside import Selection
from orchestrator.deployment import Deployment
from orchestrator.errors import UsageError

EPILOG = """\b
Examples:
  orchestrator rerun daily-sales-2026
  orchestrator rerun daily-sales-2026 --dry-run
  orchestrator rerun daily-sales-2026 --from transform-uk --param date=2026-01-31 --yes
  orchestrator rerun daily-sales-2026 --only report
  orchestrator rerun daily-sales-2026 --from per-file/17
  orchestrator rerun daily-sales-2026 --project my-project --region europe-west4

A rerun is a new run, called RUN.2, RUN.3 and so on. It keeps the steps that succeeded or were skipped, with their
outputs and {{ run.dir }}. It runs again every step that failed, was cancelled or never ran because of a failure, every
step whose definition has changed in the graph's file, every step that reads a changed param, and everything downstream
of these. First it shows what will run again and why, and in a terminal it asks for
confirmation.

STEP/STEP is a step of the graph that STEP runs, and STEP/17 the item 17 of a step with 'map'. What has succeeded beside
it is kept.

With --project, RUN is the whole id of a run in the cloud. The function 'start' reruns it, as it
starts runs, with the graph that is deployed.

Exit codes: 0 the rerun succeeded (with --dry-run: the plan was shown; in the cloud: it was started), 1 it failed or was
cancelled, 2 wrong use, 130 interrupted.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.option(
    "--from",
    "start",
    multiple=True,
    metavar="STEP",
    help="Run this step again too, and everything downstream; may be repeated.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="STEP",
    help="Run this step again and everything downstream, and keep the rest, even failed steps; may be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Run every step again.")
@params_options
@click.option("--graph", metavar="GRAPH", help="The graph's file, if it has moved.")
@click.option("--same-version", is_flag=True, help="Use the graph as it was in RUN, although it has changed.")
@click.option("--run-id", metavar="ID", show_default="RUN.2, RUN.3 and so on", help="The id of the new run.")
@click.option("--dry-run", is_flag=True, help="Only show what would run again and why.")
@click.option("--token", metavar="TOKEN", help="Start the rerun only if it is the one that --dry-run --json showed.")
@click.option("--yes", is_flag=True, help="Start without asking for confirmation.")
@driving_options
@cloud_options
def command(
    run: str,
    start: tuple[str, ...],
    only: tuple[str, ...],
    everything: bool,
    pairs: tuple[str, ...],
    params_file: Path | None,
    home: Path | None,
    project: str | None,
    region: str | None,
    name: str,
    environment: str,
    url: str | None,
    **more: Any,
) -> int:
    """Run again what did not succeed in RUN, which has ended, and keep the rest."""
    asking = {key: more.pop(key) for key in ("graph", "same_version", "run_id", "dry_run", "token", "yes")}
    wish = Wish(run, Selection(start, only, everything), given_params(pairs, params_file), **asking)
    as_told = how(**more)
    if project is None:
        if url is not None:
            raise UsageError("--url: expected --project and --region with it")
        only_with_project()
        return here(wish, home, as_told)
    if wrong := [
        *(["--region: expected the region of the deployment, with --project"] if region is None else []),
        *(["--home and --project both say where the run is: give only one of them"] if home is not None else []),
        *(["--graph: with --project, the graph is the one that is deployed"] if wish.graph is not None else []),
    ]:
        raise UsageError("\n".join(wrong))
    return in_cloud(wish, Deployment(project, region or "", name, environment), url, as_told.json)
