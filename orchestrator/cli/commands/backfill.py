"""``orchestrator backfill``: run a graph for each slot of a range of days, or for each of some values."""

import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from orchestrator.cli.backfilling import Session
from orchestrator.cli.confirm import confirmed
from orchestrator.cli.deployment_options import only_with_project
from orchestrator.cli.drive import How
from orchestrator.cli.driving_options import backfill_options, how
from orchestrator.cli.failure import DONE, FAILED, INTERRUPTED, complain
from orchestrator.cli.options import params_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.cli.params import given_params, split
from orchestrator.definition.backfill_request import Asked, Slot, backfill
from orchestrator.definition.slot_range import Range
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import reading, writing
from orchestrator.operations.backfill.report import fitting, headline, plan_lines, plan_report, results_report, summary
from orchestrator.operations.backfill.slots import Does, Planned, Result, planned, results
from orchestrator.operations.choose_store import choose_home
from orchestrator.operations.driving import refuse_cloud_steps

if TYPE_CHECKING:
    from orchestrator.cli.backfill_in_cloud import Consoles

F = TypeVar("F", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  orchestrator backfill daily-sales --from 2026-01-01 --to 2026-01-31
  orchestrator backfill daily-sales --from 2026-01-01 --to yesterday --every 12h --parallel 4
  orchestrator backfill daily-sales --from 2026-01-01 --to 2026-01-31 --over region=eu,us --dry-run
  orchestrator backfill daily-sales --over region=eu,us --yes
  orchestrator backfill daily-sales --from 2026-01-01 --to 2026-01-31 --project my-project --region europe-west4

Each slot has one run, called GRAPH-backfill-SLOT, in which 'today', 'yesterday' and 'now' mean the slot's day and
time, in the time zone of the graph's schedule. Give the same command again to go on: what has succeeded does not run
again, what was interrupted is continued, and with --failed what did not succeed is rerun, from where it failed.

With --project, the runs are started in a deployment, where GRAPH must be deployed as it is here, and are followed until
they have ended. Ctrl-C ends only the following: what has been started goes on, and the same command follows it again.

Exit codes: 0 every run has succeeded (with --dry-run: the plan was shown), 1 some have not, 2 wrong use, 130
interrupted.
"""


class _Remembering(click.Command):
    """Keeps what was written on the command line, so that it can be given again."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["words"] = list(args)
        return super().parse_args(ctx, args)


def _place_options(command: F) -> F:
    """Where the runs are, if not on this machine. There is a --name already."""
    for option in (
        click.option("--start-url", hidden=True),
        click.option("--console-url", hidden=True),
        click.option(
            "--environment",
            metavar="NAME",
            default="prod",
            show_default=True,
            help="With --project: the environment, Terraform's variable 'environment'.",
        ),
        click.option(
            "--deployed-name",
            metavar="NAME",
            default="orchestrator",
            show_default=True,
            help="With --project: the name of the deployment, Terraform's variable 'name'.",
        ),
        click.option(
            "--region",
            envvar="ORCHESTRATOR_REGION",
            show_envvar=True,
            metavar="REGION",
            help="With --project: the region of the functions and queues.",
        ),
        click.option("--project", metavar="PROJECT", help="The id of a Google Cloud project: run in its deployment."),
    ):
        command = option(command)
    return command


@click.command(epilog=EPILOG, cls=_Remembering)
@click.argument("graph")
@click.option("--from", "first", metavar="DAY", help="The first day: a date, today or yesterday.")
@click.option("--to", "last", metavar="DAY", help="The last day, which is included.")
@click.option(
    "--every",
    metavar="INTERVAL",
    show_default="the cron expression of the graph's schedule, or 1d",
    help="The time between two slots, such as 1d, 1w, 12h or 30m, or a cron expression.",
)
@click.option(
    "--over", multiple=True, metavar="NAME=VALUES", help="Run each slot for each value of a param; may be repeated."
)
@click.option("--reverse", is_flag=True, help="Begin with the last slot.")
@click.option(
    "--failed", is_flag=True, help="Rerun the runs that failed or were cancelled; steps that succeeded are kept."
)
@params_options
@click.option("--name", metavar="NAME", show_default="GRAPH-backfill", help="What the ids of the runs begin with.")
@click.option("--dry-run", is_flag=True, help="Only show the slots, and what would be done with each.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@backfill_options
@_place_options
@click.pass_context
def command(
    ctx: click.Context, /, graph: str, failed: bool, dry_run: bool, yes: bool, home: Path | None, **options: Any
) -> int:
    """Run GRAPH once for each day of a range, or slot of --every, for each of some values, or for both.

    GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.
    """
    from orchestrator.definition.catalog import find_graph, name_of
    from orchestrator.definition.load import load_graph

    asked, at_once = _asked(**{name: options.pop(name) for name in _ASKING}), options.pop("at_once")
    consoles = _consoles(ctx, home, **{name: options.pop(name) for name in _PLACE})
    as_told = how(parallel=None, no_picture=True, **options)
    path = find_graph(graph)
    loaded, words = load_graph(path), ctx.meta["words"]
    slots = backfill(loaded, path, asked, time.time())
    place = choose_home(home, path)
    if consoles is not None:
        plan = planned(None, consoles.reader, slots, failed)
    else:
        plan = _planned(place, slots, failed, dry_run)
    if dry_run:
        _show(loaded.name, plan, as_told.json)
        return DONE
    if consoles is None and any(one.does is Does.RUN for one in plan):
        refuse_cloud_steps(loaded.all_steps, as_told.fake_dataflow)
    if all(one.does is Does.NOTHING for one in plan):
        return _told(loaded.name, plan, results(plan), as_told, words)
    at_once, fewer = fitting(loaded, at_once)
    if not as_told.json:
        echo(headline(loaded.name, plan))
        if fewer:
            echo(fewer)
    if not confirmed(yes):
        return FAILED
    if consoles is not None:
        from orchestrator.cli.backfill_in_cloud import go

        ended, interrupted = go(consoles, (loaded.name, name_of(path)), plan, at_once, as_told.json)
        code = _told(loaded.name, plan, ended, as_told, words)
        return INTERRUPTED if interrupted else code
    done = Session(place, (loaded, path.parent), plan, as_told, at_once).go()
    code = _told(loaded.name, plan, done.results, as_told, words)
    return INTERRUPTED if done.interrupted else code


_ASKING = ("first", "last", "every", "over", "pairs", "params_file", "reverse", "name")


_PLACE = ("project", "region", "deployed_name", "environment", "console_url", "start_url")

#: The options that say how runs are driven on this machine.
_HERE = ("fake_dataflow", "deployment", "durable", "on_interrupt")


def _consoles(
    ctx: click.Context,
    home: Path | None,
    project: str | None,
    region: str | None,
    deployed_name: str,
    environment: str,
    console_url: str | None,
    start_url: str | None,
) -> "Consoles | None":
    """The deployment in which to run; None: on this machine. Raises UsageError."""
    if project is None:
        only_with_project("region", "deployed_name", "environment")
        return None
    here = [name for name in _HERE if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if home is not None or here:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in (["home"] if home is not None else []) + here)
        raise UsageError(f"{named}: expected nothing of this machine with --project")
    if region is None:
        raise UsageError("--region: expected the region of the deployment, with --project")
    from orchestrator.cli.backfill_in_cloud import Consoles
    from orchestrator.deployment import Deployment

    return Consoles(Deployment(project, region, deployed_name, environment), console_url, start_url)


def _asked(
    first: str | None,
    last: str | None,
    every: str | None,
    over: tuple[str, ...],
    pairs: tuple[str, ...],
    params_file: Path | None,
    reverse: bool,
    name: str | None,
) -> Asked:
    given = given_params(pairs, params_file)
    return Asked(Range(first, last, every), split("--over", over), given, reverse, name)


def _planned(home: Home, slots: Sequence[Slot], failed: bool, dry_run: bool) -> list[Planned]:
    opened = reading if dry_run else writing  # which also waits for a process that is just making the home
    with ExitStack() as stack:
        store = stack.enter_context(opened(home)) if home.database.exists() else None
        return planned(home, store, slots, failed)


def _show(graph: str, plan: Sequence[Planned], as_json: bool) -> None:
    if as_json:
        echo_json(plan_report(graph, plan))
        return
    echo(headline(graph, plan))
    for text in plan_lines(plan):
        echo(text)


def _told(graph: str, plan: Sequence[Planned], ended: Sequence[Result], as_told: How, words: list[str]) -> int:
    """Print how far the backfill has come, and return the exit code of one that was not interrupted."""
    same = shlex.join(["orchestrator", "backfill", *words])
    again = same if "--failed" in words else f"{same} --failed"
    lines = list(summary(plan, ended, again, same))
    if as_told.json:
        echo_json(results_report(graph, plan, ended))
        if len(ended) < len(plan):
            complain(lines[-1].text)
    else:
        from orchestrator.cli.views.console import say

        say(lines)
    return DONE if all(result.succeeded for result in ended) else FAILED
