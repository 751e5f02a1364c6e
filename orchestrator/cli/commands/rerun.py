"""``orchestrator rerun``: run again what did not succeed in a run that has ended, and keep the rest."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.drive import How, drive, refuse_cloud_steps
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import driving_options, how, params_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.cli.params import given_params
from orchestrator.cli.run_end import close, close_ended
from orchestrator.core.kept import plan_of
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.rerun import Rerun, Selection
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.engine import Engine
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.jobs.process.previous import set_aside
from orchestrator.operations.lookup import find_run, home_flag, load, store_of
from orchestrator.operations.rerun import check_token, graph_of, kept_states, numbered, request
from orchestrator.ports import Store
from orchestrator.reporting.found import Found
from orchestrator.reporting.rerun_plan import plan_lines, plan_report

EPILOG = """\b
Examples:
  orchestrator rerun daily-sales-2026
  orchestrator rerun daily-sales-2026 --dry-run
  orchestrator rerun daily-sales-2026 --from transform-uk --param date=2026-01-31 --yes
  orchestrator rerun daily-sales-2026 --only report

A rerun is a new run, called RUN.2, RUN.3 and so on. It keeps the steps that succeeded or were skipped, with their
outputs and {{ run.dir }}, and runs again what failed, was cancelled or never ran because of that, and every step
behind those. So do steps whose definition has changed in the graph's file, and steps that read a param that is given
another value. First it shows what will run again and why, and in a terminal it asks.

Exit codes: 0 the rerun succeeded (with --dry-run: the plan was shown), 1 it failed or was cancelled, 2 wrong use,
130 interrupted.
"""


@click.command(epilog=EPILOG)
@click.argument("run")
@click.option("--from", "start", multiple=True, metavar="STEP", help="Run this step again too; may be repeated.")
@click.option(
    "--only",
    multiple=True,
    metavar="STEP",
    help="Run this step again and those behind it, and keep everything else, even failed steps; may be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Run every step again.")
@params_options
@click.option("--graph", "graph_name", metavar="GRAPH", help="The graph's file, if it is not where it was.")
@click.option("--same-version", is_flag=True, help="Use the graph as it was in RUN, although its file has changed.")
@click.option("--run-id", metavar="ID", show_default="RUN.2, RUN.3 and so on", help="The id of the new run.")
@click.option("--dry-run", is_flag=True, help="Only show what would run again and why.")
@click.option("--token", metavar="TOKEN", help="Start the rerun only if it is the one that --dry-run --json showed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@driving_options
def command(run: str, home: Path | None, dry_run: bool, token: str | None, yes: bool, **options: Any) -> int:
    """Run again what did not succeed in RUN, which has ended, and keep the rest.

    RUN is the id of a run, or the beginning of one if it is unique.
    """
    asking = {name: options.pop(name) for name in _ASKING}
    as_told = how(**options)
    with store_of(home) as (place, store):
        asked = _request(place, store, find_run(store, run), **asking)
        rerun = numbered(store, asked, asking["run_id"], time.time())
    check_token(rerun, token)
    if dry_run:
        _show(rerun, as_told.json)
        return DONE
    refuse_cloud_steps(rerun.plan.steps, as_told.simulate)
    if not as_told.json:
        _show(rerun, as_json=False)
    if not (yes or token is not None or _confirmed()):
        echo("nothing was started")
        return FAILED
    return _go(rerun, place, as_told)


_ASKING = ("start", "only", "everything", "pairs", "params_file", "graph_name", "same_version", "run_id")


def _request(
    home: Home,
    store: Store,
    earlier: Run,
    *,
    start: tuple[str, ...],
    only: tuple[str, ...],
    everything: bool,
    pairs: tuple[str, ...],
    params_file: Path | None,
    graph_name: str | None,
    same_version: bool,
    run_id: str | None,  # noqa: ARG001 - it belongs to the options that say what is asked for
) -> RerunRequest:
    from orchestrator.definition.catalog import find_graph

    if graph_name is not None and same_version:
        raise UsageError("expected --graph or --same-version, got both")
    found = load(home, store, earlier)
    graph = None if same_version else graph_of(earlier, find_graph, graph_name)
    if same_version and (now := graph_of(earlier, find_graph, None)) is not None and now[0].version == earlier.version:
        graph = now  # so that params can be checked
    given = given_params(pairs, params_file)
    return request(store, earlier, found.plan, found.view, graph, given, Selection(start, only, everything), True)


def _show(rerun: Rerun, as_json: bool) -> None:
    if as_json:
        echo_json(plan_report(rerun))
        return
    for line in plan_lines(rerun):
        echo(line)


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("expected --yes, since nobody can be asked here; --dry-run only shows the plan")
    return click.confirm("Start it?", default=True)


def _go(rerun: Rerun, home: Home, as_told: How) -> int:
    """Start the rerun, or go on with it if somebody else has asked for the same. Returns the exit code."""
    from orchestrator.local.wiring import writing

    new = rerun.run
    with home.hold(new.id):
        with writing(home) as store:
            stored = store.find_run(new.id)
            if stored is not None:
                if stored.key != new.key:
                    raise UsageError(f"the run id '{new.id}' belongs to another run: choose another --run-id")
                found = load(home, store, stored, outputs=as_told.json)
            else:
                set_aside(home, new.id)
                found = _found(rerun, home, store)
        if found.run.status is not RunStatus.RUNNING:
            return close_ended(found, as_told)
        return close(drive(found, as_told, partial(_start, rerun) if stored is None else None), as_told)


def _found(rerun: Rerun, home: Home, store: Store) -> Found:
    """The rerun as it will be found once it has started."""
    states = {node: state.without_outputs() for node, state in kept_states(store, rerun)}
    plan = plan_of(rerun.plan, rerun.run.kept)
    return Found(home, rerun.run, plan, View(states), flag=home_flag(home))


def _start(rerun: Rerun, engine: Engine, new: Run) -> None:
    engine.start(new, rerun.plan, kept=kept_states(engine.ledger.store, rerun))
