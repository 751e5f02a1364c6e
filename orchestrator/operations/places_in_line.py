"""Where the steps of a run that wait for a place in a pool stand in line, and who has the places."""

from contextlib import suppress
from dataclasses import replace
from itertools import islice

from orchestrator.core.model import Run, StepState, View
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Plan
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.operations.run_records import plan_of, standing
from orchestrator.ports import Lines, Reader
from orchestrator.reporting.found import INTERRUPTED

#: How many steps that have the places of a pool are named; if there are more, none is.
_HOLDERS = 3

#: Of how many steps that wait for a place it is said where they stand in line: that takes two queries each.
_STANDINGS = 20


def with_standings(home: Home | None, store: Reader, view: View) -> View:
    """``view``, in which the steps that wait for a place know where they stand in line; the first few of them."""
    if not isinstance(store, Lines):  # a deployment's console has added them
        return view
    waiting = ((node, state) for node, state in view.states.items() if state.waits is not None)
    known, holders = dict[int, StepState](), dict[str, tuple[str, ...]]()
    for node, state in islice(waiting, _STANDINGS):
        if (wait := state.waits) is not None:
            stands = store.standing(wait.pool, wait.rank)
            if wait.pool not in holders:
                holders[wait.pool] = _holders(home, store, wait.pool) if 0 < stands[0] <= _HOLDERS else ()
            size = store.size(wait.pool) or wait.size
            known[node] = replace(state, waits=replace(wait, size=size, stands=stands, holders=holders[wait.pool]))
    return replace(view, states={**view.states, **known}) if known else view


def end_in_line(home: Home | None, store: Reader, plan: Plan, end: StepState) -> StepState:
    """``end``, the state of a run's end, which knows where the run stands in line if it waits for its beginning."""
    return end if end.waits is None else with_standings(home, store, View({plan.end: end})).state(plan.end)


def _holders(home: Home | None, store: Reader, pool: str) -> tuple[str, ...]:
    """The steps that have places in a pool, as ``RUN/STEP``; without those whose records cannot be read."""
    found = list[str]()
    for occupant in store.occupants(pool) if isinstance(store, Lines) else ():
        with suppress(StoreError):
            if (run := store.get_run(occupant.run)) is not None:
                way = _way(home, store, run, occupant.node)
                found.append(f"{way}{_interrupted(way == run.id)}" if standing(home, run) == INTERRUPTED else way)
    return tuple(found)


def _interrupted(alone: bool) -> str:
    """What follows the name of a step, or, if it has the place itself, of a run that no process drives."""
    return ", which is interrupted" if alone else " of an interrupted run"


def _way(home: Home | None, store: Reader, run: Run, node: int) -> str:
    """``RUN/STEP``, or ``RUN/STEP/STEP`` for a step inside."""
    plan = plan_of(home, store, run)
    if node == plan.end:  # the run itself has a place among the active runs of its graph
        return run.id
    step = plan.steps[node].name
    ref = ref_in(run.parent) if run.parent is not None else None
    outer = store.get_run(ref.run) if ref is not None else None
    return f"{run.id}/{step}" if outer is None or ref is None else f"{_way(home, store, outer, ref.node)}/{step}"
