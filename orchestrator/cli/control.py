"""What the commands ``hold`` and ``release`` have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cli.failure import complain
from orchestrator.core.model import RunStatus, StepState
from orchestrator.engine.control import ControlEvent
from orchestrator.errors import UsageError
from orchestrator.home.store_url import store_url
from orchestrator.operations.control import apply
from orchestrator.operations.lookup import find_run, find_step, load, named_store
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found


@dataclass(frozen=True, slots=True)
class Controlled:
    """The results by step. ``late``: those of the named steps for which the command came too late.

    ``named``: the named steps; empty if the command is for the whole run.
    """

    found: Found
    commits: Mapping[int, Commit]
    named: tuple[str, ...] = ()
    late: Mapping[int, StepState] = field(default_factory=dict)


def control(
    command: str,
    run: str,
    steps: tuple[str, ...],
    event: ControlEvent,
    home: Path | None,
    store: str | None,
    only: Callable[[StepState], bool] = lambda _: True,
) -> Controlled:
    """Hold or release the named ``steps`` of a run or, if none is named, all for which ``only`` is true.

    Raises UsageError if the run has ended.
    """
    named = store_url(store) if store is not None else None
    with named_store(home, store) as (place, opened):
        found = load(place, opened, find_run(opened, run, complain), named)
    nodes = {find_step(found.plan, name) for name in steps}
    must_be_running(command, found)
    chosen = nodes or {node for node in found.steps if only(found.view.state(node))}
    commits = apply(command, found, event, chosen)
    ended = {node: found.view.state(node) for node in nodes if node not in commits}
    refused = {
        node: commit.state
        for node, commit in commits.items()
        if node in nodes and not commit.applied and (commit.state.status.final or commit.state.stop is not None)
    }
    return Controlled(found, commits, steps, {**ended, **refused})


def found_step(command: str, run: str, step: str, home: Path | None, store: str | None) -> tuple[Found, int]:
    """A run that has not ended, and the number of a step of it. Raises UsageError."""
    named = store_url(store) if store is not None else None
    with named_store(home, store) as (place, opened):
        found = load(place, opened, find_run(opened, run, complain), named)
    node = find_step(found.plan, step)
    must_be_running(command, found)
    return found, node


def apply_one(command: str, found: Found, node: int, event: ControlEvent) -> Commit | None:
    """Apply ``event`` to one step. What became of it; None if the step had ended."""
    return apply(command, found, event, {node}).get(node)


def must_be_running(command: str, found: Found) -> None:
    """Raises UsageError if the run has ended."""
    if found.run.status is not RunStatus.RUNNING:
        raise UsageError(f"run '{found.run.id}' has ended ({found.run.status}): there is nothing left to {command}")


def named_steps(done: Controlled) -> str:
    """The names as the user gave them, for another command."""
    return "".join(f" {name}" for name in done.named)
