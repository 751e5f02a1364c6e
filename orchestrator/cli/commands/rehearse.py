"""``orchestrator rehearse``: run a graph on this machine as it runs in the cloud, with injected faults."""

import random
import threading
import time
from itertools import chain
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED, INTERRUPTED
from orchestrator.cli.options import json_option, params_options
from orchestrator.cli.output import echo, echo_json
from orchestrator.cli.params import given_params
from orchestrator.core.kinds import KINDS, only_on_machine
from orchestrator.errors import UsageError
from orchestrator.operations.interrupt import interruptible
from orchestrator.reporting.rehearsal import Kept, Rehearsed
from orchestrator.reporting.times import clock
from orchestrator.text import listed

EPILOG = """\b
Examples:
  orchestrator rehearse graphs/flights --param month=1
  orchestrator rehearse daily-sales --runs 5 --seed 7
  orchestrator rehearse daily-sales --calm
  orchestrator rehearse daily-sales --drop-events --kill-every 1

The deployed functions run as local processes, with Google's emulators of Firestore and Pub/Sub (which need Java) and
with fakes of Dataflow and Cloud Tasks. A Dataflow step runs its local: block, as with 'orchestrator run', except that
of its outputs only the numbers are kept, as the counters of a job; without a block it succeeds after a moment, or, if
it is streaming, runs until the rehearsal ends. Delays of tasks are 50 times shorter than in the cloud.

By default, about one call, delivery or event in ten is lost, duplicated or delayed, and functions are killed at random
moments. All of this must make no difference to the result. Everything is stopped and deleted at the end, even if the
command itself is killed; with --keep, only after Ctrl-C.

Exit codes: 0 every run succeeded, and every attempt launched exactly one job; 1 a run failed or did not end, a job was
launched twice or was left running, or something went wrong that was not injected (an exception in a function, a dropped
task, a call that Dataflow would refuse); 2 wrong use, an invalid graph, or something is not installed; 130 interrupted.
"""

#: Seconds between two kills, unless --kill-every or --calm is given.
_KILL_EVERY = 5.0


@click.command(epilog=EPILOG)
@click.argument("graph")
@params_options
@click.option(
    "--runs", type=click.IntRange(1, 1000), metavar="N", default=1, show_default=True, help="The number of runs."
)
@click.option("--seed", type=int, metavar="N", show_default="random", help="The seed that decides which faults happen.")
@click.option("--calm", is_flag=True, help="Inject no faults.")
@click.option(
    "--drop-events", is_flag=True, help="Lose every event, so that only the watchdog notices the end of a job."
)
@click.option(
    "--kill-every",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    show_default=f"{_KILL_EVERY:g}, or 0 with --calm",
    help="Kill a function about every SECONDS; 0: never.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    default=600,
    show_default=True,
    help="Give up if the runs have not ended after SECONDS.",
)
@click.option(
    "--keep", is_flag=True, help="When the runs have ended, keep everything running for you to inspect, until Ctrl-C."
)
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
    """Run GRAPH on this machine as it would run in the cloud, and inject faults.

    GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.
    """
    from orchestrator.rehearsal.rehearse import Wanted, rehearse

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
            say(f"seed {dice}: repeat the same faults with --seed {dice}")
        result = rehearse(wanted, say, stop.is_set, tell)
    return INTERRUPTED if early else DONE if result.passed else FAILED


def checked(name: str, pairs: tuple[str, ...], file: Path | None) -> tuple[Path, dict[str, object]]:
    """The graph's file and the params. Raises UsageError before anything is started, also for a missing emulator."""
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.load import load_graph
    from orchestrator.definition.run_request import run_request
    from orchestrator.rehearsal import emulators
    from orchestrator.rehearsal.process import MAIN

    if not MAIN.is_file():
        raise UsageError(
            "rehearse runs the functions that are deployed, and these are in a checkout, not in the installed "
            "package: install that with pip install -e 'CHECKOUT[cli,cloud]'"
        )
    path, params = find_graph(name), given_params(pairs, file)
    graph = load_graph(path)
    run_request(graph, path, None, params, time.time())
    foreign = [step.name for step in only_on_machine(graph.all_steps)]
    if foreign:
        known = [kind.key for kind in KINDS if kind.in_cloud]
        raise UsageError(
            f"expected only steps that can run in the cloud ({', '.join(known)}), "
            f"got {listed(kind.key for kind in KINDS if not kind.in_cloud)} steps: "
            f"{', '.join(foreign)}: run this graph with 'orchestrator run'"
        )
    for kind in (emulators.FIRESTORE, emulators.PUBSUB):
        emulators.command(kind)
    return path, params
