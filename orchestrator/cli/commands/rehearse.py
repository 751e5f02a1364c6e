"""``orchestrator rehearse``: run a graph on this machine as it runs in the cloud, while things go wrong."""

import random
import threading
import time
from itertools import chain
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED, INTERRUPTED
from orchestrator.cli.given import given_params
from orchestrator.cli.options import NamedPath, json_option
from orchestrator.cli.output import echo, echo_json
from orchestrator.errors import UsageError
from orchestrator.operations.interrupt import interruptible
from orchestrator.rehearsal.play import Wanted, rehearse
from orchestrator.reporting.phrases import clock
from orchestrator.reporting.rehearsal import Kept, Rehearsed

EPILOG = """\b
Examples:
  orchestrator rehearse graphs/flights --param month=1
  orchestrator rehearse daily-sales --runs 5 --seed 7
  orchestrator rehearse daily-sales --calm
  orchestrator rehearse daily-sales --drop-events --kill-every 1

Everything is real but Dataflow and Cloud Tasks: the functions run under functions-framework, the store is Google's
Firestore emulator and signals come through the Pub/Sub emulator (Java and both emulators must be installed). A Dataflow
step runs its local: block, as 'orchestrator run' does, or takes a moment and succeeds; a streaming one goes on until
the end. Delays of tasks are 50 times shorter than they are in the cloud. Nothing is kept when it is over, and no
process outlives it, not even if it is killed; --keep leaves everything up for a look from elsewhere, until Ctrl-C.

Exit codes: 0 every run succeeded and every attempt launched exactly one job; 1 a run failed or did not end, a job was
launched twice or left, or something went wrong that no dice had decided (an exception in a function, a dropped task, a
call that Dataflow would refuse); 2 wrong use, an invalid graph, or something is not installed; 130 interrupted.
"""

#: Seconds between two kills where the user names none, and nothing is to stay calm.
_KILL_EVERY = 5.0


@click.command(epilog=EPILOG)
@click.argument("graph")
@click.option("-p", "--param", "pairs", multiple=True, metavar="NAME=VALUE", help="A param of the runs; repeatable.")
@click.option(
    "--params-file",
    type=NamedPath(path_type=Path, exists=True, dir_okay=False),
    help="Params as YAML or JSON; --param wins.",
)
@click.option("--runs", type=click.IntRange(1, 1000), metavar="N", default=1, show_default=True, help="How many runs.")
@click.option("--seed", type=int, metavar="S", help="The dice that decide what goes wrong. [default: any]")
@click.option("--calm", is_flag=True, help="Let nothing go wrong.")
@click.option("--drop-events", is_flag=True, help="Lose every event, so that only the watchdog looks at jobs.")
@click.option(
    "--kill-every",
    type=click.FloatRange(min=0.0),
    metavar="SECONDS",
    help=f"Kill a function about so often; 0 for never. [default: {_KILL_EVERY:g}, or 0 with --calm]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1.0),
    metavar="SECONDS",
    default=600.0,
    show_default=True,
    help="Give up after so long.",
)
@click.option("--keep", is_flag=True, help="Leave everything up when the runs have ended, until Ctrl-C.")
@json_option
def command(
    graph: str,
    pairs: tuple[str, ...],
    params_file: Path | None,
    runs: int,
    seed: int | None,
    calm: bool,
    drop_events: bool,
    kill_every: float | None,
    timeout: float,
    keep: bool,
    as_json: bool,
) -> int:
    """Run GRAPH on this machine as it runs in the cloud, while answers, events and functions are lost."""
    kills = kill_every if kill_every is not None else 0.0 if calm else _KILL_EVERY
    dice = random.randrange(1000) if seed is None else seed
    path, params = checked(graph, pairs, params_file)
    wanted = Wanted(path, params, runs, dice, calm, drop_events, kills, timeout, keep)
    stop, early = threading.Event(), False

    def say(text: str) -> None:
        if not as_json:
            echo(f"{clock(time.time())}  {text}")

    def tell(result: Rehearsed, kept: Kept | None) -> None:
        nonlocal early
        early = stop.is_set()
        if as_json:
            world = {} if kept is None else {"kept": kept.json()}
            echo_json({"seed": dice, **result.json(), **world})
            return
        for line in chain(result.lines(), kept.lines() if kept is not None else ()):
            echo(line)

    with interruptible(stop.set):
        if not calm or kills:
            say(f"seed {dice}: the same dice again with --seed {dice}")
        result = rehearse(wanted, say, stop.is_set, tell)
    return INTERRUPTED if early else DONE if result.well else FAILED


def checked(name: str, pairs: tuple[str, ...], file: Path | None) -> tuple[Path, dict[str, object]]:
    """The graph's file and the params, if both are right and the emulators are here: before anything is started."""
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph
    from orchestrator.definition.run_request import run_request
    from orchestrator.rehearsal import emulators

    path, params = find_graph(name), given_params(pairs, file)
    graph = load_graph(path)
    run_request(graph, path, None, params, time.time())
    foreign = [step.name for step in graph.steps if step.work.kind in ("command", "python")]
    if foreign:
        raise UsageError(
            "expected steps that run in the cloud (dataflow, wait, call), got command or python: "
            f"{', '.join(foreign)}: such a graph runs on one machine, with 'orchestrator run'"
        )
    for kind in (emulators.FIRESTORE, emulators.PUBSUB):
        emulators.command(kind)
    return path, params
