"""What is said of runs and steps that wait in line for a place. Pure."""

from typing import Any

from orchestrator.core.model import Run, StepState
from orchestrator.core.pools import Wait, graph_with, run_with
from orchestrator.reporting.phrases import waits_for
from orchestrator.reporting.times import iso

#: The message when a run has waited, and its turn has come.
HAS_BEGUN = "the run has begun"


def in_line(run: Run, wait: Wait, flag: str) -> str:
    """A message that a run waits, behind which, and what a user can do about it."""
    ways = ["it begins by itself when there is one", *_others(run, wait, flag)]
    return f"run {run.id} {waits_for(wait)}; {', '.join([*ways, _command('cancel', run.id, flag, 'ends this run')])}"


def is_next(wait: Wait) -> bool:
    """Whether there is a place for it by now, as far as that was read, so that it is about to begin."""
    return wait.stands is not None and sum(wait.stands) < wait.size


def _others(run: Run, wait: Wait, flag: str) -> list[str]:
    """What can be done about the runs that have the places."""
    if len(wait.holders) != 1:
        return [f"'orchestrator runs --graph {run.graph}{flag}' lists the others"]
    (holder,) = wait.holders
    name, _, interrupted = holder.partition(",")
    look = _command("resume", name, flag, "continues") if interrupted else _command("status", name, flag, "shows")
    return [f"{look} the run that has it", _command("cancel", name, flag, "ends that run")]


def _command(verb: str, run_id: str, flag: str, does: str) -> str:
    return f"'orchestrator {verb} {run_id}{flag}' {does}"


def waits_data(state: StepState) -> dict[str, Any]:
    """The key ``waits``, if a run or a step waits in line for a place; what is not known is null.

    ``said``: the same in words. ``pool``: the pool's name; null for ``max_active_runs`` and ``max_parallel``.
    """
    if (wait := state.waits) is None:
        return {}
    taken, before = wait.stands if wait.stands is not None else (None, None)
    named = graph_with(wait.pool) is None and run_with(wait.pool) is None
    about = {"said": waits_for(wait), "pool": wait.pool if named else None, "since": iso(wait.since)}
    return {"waits": {**about, "places": wait.size, "taken": taken, "before": before, "holders": list(wait.holders)}}
