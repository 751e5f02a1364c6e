"""``orchestrator run``: start a run of a graph on this machine, or continue the run that has the given id."""

import time
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.drive import driver
from orchestrator.cli.driving_options import driving_options, how
from orchestrator.cli.options import params_options, run_id_option
from orchestrator.cli.params import given_params
from orchestrator.cli.run_end import close
from orchestrator.definition.run_request import run_request
from orchestrator.operations.choose_store import choose_home
from orchestrator.operations.driving import refuse_cloud_steps
from orchestrator.operations.runs import run

EPILOG = """\b
Examples:
  orchestrator run daily-sales
  orchestrator run graphs/sales.yaml --param date=2026-01-31 --parallel 4
  orchestrator run sales.py --run-id sales-2026-01-31 --json

Each run has its own id. With the --run-id of an earlier run, that run is continued if it is unfinished; if it has
ended, its result is printed again. A run that has ended is not run again: 'orchestrator rerun' repeats only what did
not succeed.

Ctrl-C interrupts a run; 'orchestrator resume' continues it.
"""


@click.command(epilog=EPILOG)
@click.argument("graph")
@params_options
@run_id_option
@click.option(
    "--due",
    metavar="TIME",
    help="Start what the graph's schedule starts at TIME, such as 2026-01-31T06:00: with the params and the id of that "
    "run, and with TIME as today and now.",
)
@driving_options
def command(
    graph: str,
    pairs: tuple[str, ...],
    params_file: Path | None,
    run_id: str | None,
    due: str | None,
    home: Path | None,
    **driving: Any,
) -> int:
    """Run GRAPH on this machine, and show its progress.

    GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.
    """
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph
    from orchestrator.operations.serve.timetable import due_request

    as_told = how(**driving)
    given = given_params(pairs, params_file)
    path = find_graph(graph)
    loaded = load_graph(path)
    refuse_cloud_steps(loaded.all_steps, as_told.fake_dataflow)
    if due is None:
        wanted = run_request(loaded, path, run_id, given, time.time())
    else:
        wanted = due_request(loaded, path, run_id, given, time.time(), due)
    return close(run(wanted, choose_home(home, path), driver(as_told)), as_told)
