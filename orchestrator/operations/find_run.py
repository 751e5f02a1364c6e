"""Finds the run that a user names: by id, by the beginning of one, or by graph. Suggests similar names."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce

from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Run
from orchestrator.core.run_filter import RunFilter
from orchestrator.engine.runs_inside import child_key
from orchestrator.errors import NotFoundError, UnreadableRecordError, UsageError
from orchestrator.home import Home
from orchestrator.operations.find_step import find_step
from orchestrator.operations.run_records import plan_of
from orchestrator.ports import Reader, Store
from orchestrator.reporting.inside import has_no_run
from orchestrator.text import did_you_mean, listed

#: Among how many of the newest runs the beginning of an id is searched. A whole id always finds its run.
MAX_RUNS = 10_000

#: Among how many of the newest runs those that cannot be read are listed if a run is not found.
_NEWEST = 50

#: How many runs are named if several fit.
_NAMED = 6

#: What the ids of reruns end with.
_ROUND = re.compile(r"\.[1-9][0-9]*$")

_LIST = ": list the runs with 'orchestrator runs'"

#: Called with a sentence for the user.
Tell = Callable[[str], object]


def unheard(_: str) -> None:
    """Tells nobody."""


def find_run(store: Reader, name: str, tell: Tell = unheard) -> Run:
    """The run with this id, or the newest run of the graph with this name, or the only run whose id begins so.

    The graph goes first: by the name of one graph nobody means a run of another, whose id happens to begin so.
    ``RUN/STEP`` is the run that is the newest job of that step, and ``RUN/STEP/STEP`` one inside that.
    ``tell`` is called with a sentence that names the run of the graph. Raises NotFoundError or UsageError.
    """
    name, _, path = name.partition("/")
    if path:
        return reduce(partial(_inside, store), path.split("/"), find_run(store, name, tell))
    if not name:
        raise UsageError("expected a run's id, or the beginning of one, got an empty text")
    exact = store.find_run(name)
    if exact is not None:
        return exact
    for found in store.list_runs(1, wanted=RunFilter(graph=name)):
        tell(f"run {found.id} is the newest of graph '{name}'")
        return found
    there = store.run_ids(MAX_RUNS)
    named = [
        key for run_id, key in there if run_id == name
    ]  # retention has deleted the record that maps the id to its run
    fitting = dict([(name, named[0])] if named else ((one, key) for one, key in there if one.startswith(name)))
    if len(fitting) == 1 and (only := store.get_run(*fitting.values())) is not None:
        return only
    if len(fitting) > 1 and (family := _newest_of_family(store, fitting)) is not None:
        tell(f"run {family.id} is the newest of {family.first} and its reruns")
        return family
    if len(fitting) > 1:
        raise UsageError(f"the ids of {len(fitting)} runs begin with '{name}': {_named(list(fitting))}")
    hint = did_you_mean(name, [run_id for run_id, _ in there])
    if len(there) == MAX_RUNS and not hint:
        hint = f", and none of the newest {MAX_RUNS:,} begins with it: give the whole id of an older run"
    unreadable: list[UnreadableRecordError] = []
    store.list_runs(_NEWEST, unreadable.append)
    raise NotFoundError(f"no run has the id '{name}'{hint or _LIST}{and_unreadable(unreadable)}")


def _newest_of_family(store: Reader, fitting: Mapping[str, str]) -> Run | None:
    """The newest of these runs (ids and keys, the newest first) if all are of one family."""
    if len({_ROUND.sub("", run_id) for run_id in fitting}) > 1:  # without reading any
        return None
    runs = [run for key in fitting.values() if (run := store.get_run(key)) is not None]
    return runs[0] if len({run.first for run in runs}) == 1 else None


def _inside(store: Reader, run: Run, step: str) -> Run:
    """The run that is the newest job of a step of ``run``."""
    plan = plan_of(None, store, run)
    node = find_step(plan, step)
    if not kind_of(plan.steps[node].work).runs:
        raise UsageError(f"step '{step}' of graph '{run.graph}' runs no graph, so there is no run inside it")
    state = store.load(run.key, (node,), ()).state(node)
    key = child_key(state)
    child = store.get_run(key) if key is not None else None
    if child is None:
        raise NotFoundError(f"step '{step}' of run '{run.id}' {has_no_run(state)}")
    return child


def apart(run: str, step: str) -> tuple[str, str]:
    """``RUN`` and ``STEP/STEP`` as the run inside and its step: ``RUN/STEP`` and ``STEP``."""
    way, slash, last = step.rpartition("/")
    return (f"{run}/{way}", last) if slash and way and last else (run, step)


def all_apart(run: str, steps: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The same for several steps. Raises UsageError unless all are of one run."""
    found = [apart(run, step) for step in steps]
    runs = list(dict.fromkeys(name for name, _ in found))
    if len(runs) > 1:
        raise UsageError(f"expected steps of one run, got steps of {listed(runs, 'and')}: name those of each by itself")
    return (runs[0] if runs else run), tuple(step for _, step in found)


def and_unreadable(found: Sequence[UnreadableRecordError]) -> str:
    """``; runs/k3v9 cannot be read: …``: the run may be among these; empty if all could be read."""
    if not found:
        return ""
    more = f" (and {len(found) - 1:,} more cannot: list them with 'orchestrator runs')" if len(found) > 1 else ""
    return f"; {found[0]}{more}"


def newest(store: Reader) -> Run:
    """The run that started last. Raises NotFoundError if there is none."""
    for run in store.list_runs(1):
        return run
    raise NotFoundError("nothing has run here yet: start with 'orchestrator run GRAPH'")


def only_unfinished(home: Home, store: Store) -> Run:
    """The one run that has not ended and that no process drives.

    Raises NotFoundError if there is none, UsageError if there are several.
    """
    unreadable: list[UnreadableRecordError] = []
    runs = sorted(
        (run for run in store.unfinished(unreadable.append) if run.parent is None),
        key=lambda run: run.started_at,
        reverse=True,
    )
    left = [run for run in runs if not home.driven(run.id)]
    if not left:
        driven = f": a process drives {_named([run.id for run in runs])}" if runs else ""
        what = "interrupted" if runs else "unfinished"
        raise NotFoundError(f"there is no {what} run here, so nothing to resume{driven}{and_unreadable(unreadable)}")
    if len(left) > 1:
        raise UsageError(f"{len(left)} runs are unfinished, name the one to resume: {_named([run.id for run in left])}")
    return left[0]


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
