"""``orchestrator hold``: keep steps from beginning another attempt until they are released."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from orchestrator.cli.control import Controlled, control, named_steps
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.options import place_options, run_argument
from orchestrator.cli.output import echo
from orchestrator.core.control import Hold
from orchestrator.core.events import HoldRequested
from orchestrator.operations.people import moment, needed_reason, next_day, who
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.phrases import counted, listed, status_word, stopped

EPILOG = """\b
Examples:
  orchestrator hold daily-sales-2026 report --why 'the input is late'
  orchestrator hold daily-sales-2026 --until 18:00 --why 'maintenance'
  orchestrator hold daily-sales-2026 report --store firestore://my-project/orchestrator-prod

A running attempt of a held step continues, and so do the other steps. A held step is still skipped if its trigger rule
says so. If all that is left of a run is held, the run waits. With --until, steps are released
automatically at that time; otherwise 'orchestrator release' releases them.

A step that is held already keeps its earlier hold: to change it, release the step first. If the command was
interrupted, repeat it: it holds the steps that are left.

For a run in the cloud, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 the steps are held, 1 at least one of the named steps has ended or is being cancelled, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@click.option(
    "--until", metavar="TIME", help="When to release them: 18:00, 2026-11-28T18:00, or 90m, which means in 90 minutes."
)
@click.option("--why", required=True, metavar="TEXT", help="The reason, which 'status' and 'explain' show.")
@place_options
def command(run: str, steps: tuple[str, ...], until: str | None, why: str, home: Path | None, store: str | None) -> int:
    """Hold all steps of RUN, or only the named STEPs: they begin no further attempt until they are released."""
    now = time.time()
    hold = Hold(now, who(), needed_reason(why), moment(until, now) if until is not None else None)
    done = control("hold", run, steps, HoldRequested(hold), home, store)
    for line in _told(done, hold):
        echo(f"run {done.found.run.id}: {line}")
    if until is not None and hold.until is not None and (said := next_day(until, hold.until, now)):
        echo(f"until: {said}")
    echo(f"release: orchestrator release {done.found.run.id}{named_steps(done)}{done.found.flag}")
    return FAILED if done.late else DONE


def _told(done: Controlled, hold: Hold) -> Iterator[str]:
    """What happened to each step."""
    names = done.found.plan.steps
    mine = [node for node, commit in done.commits.items() if hold_of(commit.state) == hold]
    if mine:
        yield f"{listed((names[node].name for node in mine), 8)} held {held_by(hold)}"
    running = [node for node in mine if done.commits[node].state.status.active]
    if running:
        verb = "goes" if len(running) == 1 else "go"
        yield f"{counted(len(running), 'attempt')} that had begun {verb} on"
    for node, commit in done.commits.items():
        theirs = hold_of(commit.state)
        if theirs is not None and theirs != hold:
            yield f"{names[node].name} was already held {held_by(theirs)}"
    for node, state in done.late.items():
        if state.stop is not None and not state.status.final:
            yield f"{names[node].name} cannot be held: it was cancelled {stopped(state.stop)}"
        else:
            yield f"{names[node].name} cannot be held: it has ended ({status_word(state.status)})"
