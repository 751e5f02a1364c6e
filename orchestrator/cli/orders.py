"""What the commands have in common that give an order to a run or to steps of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.model import RunStatus, StepState
from orchestrator.engine.ordering import Order
from orchestrator.errors import UsageError
from orchestrator.home.store_url import store_url
from orchestrator.operations.lookup import find_run, find_step, load, named_store
from orchestrator.operations.orders import give
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order, by step. ``late``: the steps that were named, and that it came too late for.

    ``named``: the steps that were named; empty if it was for the whole run.
    """

    found: Found
    commits: Mapping[int, Commit]
    named: tuple[str, ...] = ()
    late: Mapping[int, StepState] = field(default_factory=dict)


def order(
    command: str,
    run: str,
    steps: tuple[str, ...],
    event: Order,
    home: Path | None,
    store: str | None,
    only: Callable[[StepState], bool] = lambda _: True,
) -> Ordered:
    """Give an order to the steps of a run that are named, or to all for which ``only`` says so.

    Raises UsageError if the run has ended.
    """
    named = store_url(store) if store is not None else None
    with named_store(home, store) as (place, opened):
        found = load(place, opened, find_run(opened, run), named)
    nodes = {find_step(found.plan, name) for name in steps}
    if found.run.status is not RunStatus.RUNNING:
        raise UsageError(f"run '{found.run.id}' has ended ({found.run.status}): there is nothing left to {command}")
    chosen = nodes or {node for node in found.steps if only(found.view.state(node))}
    commits = give(command, found, event, chosen)
    ended = {node: found.view.state(node) for node in nodes if node not in commits}
    refused = {
        node: commit.state
        for node, commit in commits.items()
        if node in nodes and not commit.applied and (commit.state.status.final or commit.state.stop is not None)
    }
    return Ordered(found, commits, steps, {**ended, **refused})


def named_steps(done: Ordered) -> str:
    """The names as they were given, to be repeated in a command."""
    return "".join(f" {name}" for name in done.named)
