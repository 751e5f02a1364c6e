"""``orchestrator run``: start a run of a graph on this machine, or continue the run that has the given id."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.drive import How, drive, refuse_cloud_steps
from orchestrator.cli.options import driving_options, how, params_options, run_id_option
from orchestrator.cli.output import echo
from orchestrator.cli.params import given_params
from orchestrator.cli.run_end import close, close_ended
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.definition.run_request import RunRequest, run_request
from orchestrator.engine import Engine
from orchestrator.errors import UnreadableRecordError, UsageError
from orchestrator.home import Home
from orchestrator.jobs.process.previous import left_behind, set_aside
from orchestrator.operations.lookup import choose_home, home_flag, load
from orchestrator.ports import Store
from orchestrator.reporting.found import Found

EPILOG = """\b
Examples:
  orchestrator run daily-sales
  orchestrator run graphs/sales.yaml --param date=2026-01-31 --parallel 4
  orchestrator run sales.py --run-id sales-2026-01-31 --json

Each run has its own id. With the --run-id of an earlier run, that run is continued if it is unfinished; if it has
ended, its result is printed again. A run that has ended cannot be run again: start a new run instead.

Ctrl-C interrupts a run; 'orchestrator resume' continues it.
"""


@click.command(epilog=EPILOG)
@click.argument("graph")
@params_options
@run_id_option
@driving_options
def command(
    graph: str, pairs: tuple[str, ...], params_file: Path | None, run_id: str | None, home: Path | None, **driving: Any
) -> int:
    """Run GRAPH on this machine, and show its progress.

    GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.
    """
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph

    wanted_how = how(**driving)
    given = given_params(pairs, params_file)
    path = find_graph(graph)
    loaded = load_graph(path)
    refuse_cloud_steps(loaded.steps, wanted_how.simulate)
    wanted = run_request(loaded, path, run_id, given, time.time())
    return run(wanted, choose_home(home, path), wanted_how)


def run(wanted: RunRequest, home: Home, as_told: How) -> int:
    """Start the run, or continue it if it is there. Returns the exit code."""
    from orchestrator.local.wiring import writing

    with home.hold(wanted.run_id):
        with writing(home) as store:
            stored = store.find_run(wanted.run_id)
            if stored is None:
                _must_not_be_unreadable(home, store, wanted.run_id)
                if aside := set_aside(home, wanted.run_id):
                    echo(f"files of an earlier run with the id {wanted.run_id} were moved to {aside}", beside=True)
                found = Found(home, wanted.run(time.time()), wanted.graph.compile(), View(), flag=home_flag(home))
            else:
                wanted.check_same(stored)
                found = load(home, store, stored, outputs=as_told.json)
        if found.run.status is not RunStatus.RUNNING:
            return close_ended(found, as_told)
        start = partial(_start, wanted.graph) if stored is None else None
        return close(drive(found, as_told, start), as_told)


def _start(graph: Graph, engine: Engine, new: Run) -> None:
    engine.start(new, graph.compile())


def _must_not_be_unreadable(home: Home, store: Store, run_id: str) -> None:
    """Raises UsageError if a record that cannot be read may belong to the run whose files are there."""
    odd: list[UnreadableRecordError] = []
    if left_behind(home, run_id):
        store.unfinished(odd.append)
    if odd:
        raise UsageError(
            f"run id '{run_id}': {odd[0]}; it may be the record of the run whose files are in {home.run(run_id)}: "
            "choose another --run-id"
        )
