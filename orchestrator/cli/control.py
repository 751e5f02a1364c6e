"""What the commands ``hold``, ``release``, ``retry``, ``mark`` and ``set`` have in common."""

import time
from dataclasses import replace
from pathlib import Path

from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.output import echo
from orchestrator.core.kinds import kind_of
from orchestrator.operations.choose_store import named_store, url_of
from orchestrator.operations.control.arguments import who
from orchestrator.operations.control.perform import acted
from orchestrator.operations.control_in_store import applied
from orchestrator.operations.deployed_console import DeployedConsole, Location
from orchestrator.operations.find_run import find_run
from orchestrator.operations.find_step import find_step, full_names
from orchestrator.operations.load_run import entered, load
from orchestrator.operations.requests import (
    Asked,
    Controls,
    Done,
    HoldAsked,
    Person,
    ReleaseAsked,
    RetryAsked,
    SetAsked,
)
from orchestrator.operations.run_records import plan_of
from orchestrator.ports import Reader
from orchestrator.reporting.found import Found


def perform(
    command: str,
    run: str,
    asked: Controls,
    home: Path | None,
    store: Location,
) -> tuple[Found, Done]:
    """Do what is asked of the run that a user calls ``run``, and say what became of it. Raises UsageError."""
    with named_store(home, store) as (place, opened):
        run, asked = _of_a_map(opened, run, asked)
        found = entered(opened, load(place, opened, find_run(opened, run, complain), url_of(store)))
    if isinstance(store, DeployedConsole):
        done = store.act(found.run.id, _exact(asked, found))
    else:
        done = acted(asked, found, Person(who(), time.time()), applied(command))
    for line in (*done.said, *done.refused):
        echo(line)
    return found, done


def _of_a_map(store: Reader, run: str, asked: Controls) -> tuple[str, Controls]:
    """``RUN`` and what is asked of ``STEP``, of ``RUN/STEP`` where that is a map, whose limits are the step's."""
    outer, slash, name = run.rpartition("/")
    if not isinstance(asked, SetAsked) or asked.step is not None or not slash:
        return run, asked
    plan = plan_of(None, store, find_run(store, outer))
    step = plan.steps[find_step(plan, name)]
    return (outer, replace(asked, step=step.name)) if kind_of(step.work).maps else (run, asked)


def _exact(asked: Asked, found: Found) -> Asked:
    """The request with the names that steps have in full, and with the attempt that is meant.

    A repeated one, of which the answer was lost, retries once.
    """
    if isinstance(asked, SetAsked):
        return asked if asked.step is None else replace(asked, step=full_names(found, (asked.step,))[0])
    if isinstance(asked, HoldAsked | ReleaseAsked):
        return replace(asked, steps=full_names(found, asked.steps))
    if not isinstance(asked, RetryAsked):
        return asked
    return replace(asked, attempt=max(found.view.state(find_step(found.plan, asked.step)).attempt, 1))


def code_of(done: Done) -> int:
    """The exit code: FAILED if anything was refused."""
    return FAILED if done.refused else DONE
