"""Reruns a run on this machine."""

import time
from functools import partial
from pathlib import Path

from orchestrator.cli.drive import How, drive, refuse_cloud_steps
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.rerun_wish import Wish, show
from orchestrator.cli.run_end import close, close_ended
from orchestrator.core.kept import plan_of
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.rerun import Rerun
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.definition.reruns import as_json, check_token, chosen_graph, graph_of, kept_states, numbered, request
from orchestrator.engine import Engine
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.jobs.process.previous import set_aside
from orchestrator.operations.lookup import find_run, home_flag, load, store_of
from orchestrator.ports import Store
from orchestrator.reporting.found import Found


def here(wish: Wish, given: Path | None, as_told: How) -> int:
    """Show the plan of the rerun, and drive it to its end. ``given``: the home. Returns the exit code."""
    with store_of(given) as (home, store):
        rerun = numbered(store, _request(wish, home, store), wish.run_id, time.time(), wish.token)
    check_token(rerun, wish.token)
    if wish.dry_run:
        show(as_json(rerun, params=True), as_told.json)
        return DONE
    refuse_cloud_steps(rerun.plan.steps, as_told.simulate)
    if not as_told.json:
        show(as_json(rerun, params=False), json=False)
    return _go(rerun, home, as_told) if wish.confirmed() else FAILED


def _request(wish: Wish, home: Home, store: Store) -> RerunRequest:
    from orchestrator.definition.catalog import find_graph

    if wish.graph is not None and wish.same_version:
        raise UsageError("expected --graph or --same-version, got both")
    earlier = find_run(store, wish.run)
    found = load(home, store, earlier)
    graph = chosen_graph(earlier, graph_of(earlier, find_graph, wish.graph), wish.same_version)
    return request(store, earlier, found.plan, found.view, graph, wish.given, wish.wanted, stand_ins=True)


def _go(rerun: Rerun, home: Home, as_told: How) -> int:
    """Start the rerun, or go on with it if somebody else has asked for the same. Returns the exit code."""
    from orchestrator.local.wiring import writing

    new = rerun.run
    with home.hold(new.id):
        with writing(home) as store:
            stored = store.find_run(new.id)
            if stored is not None:
                if stored.key != new.key:
                    raise UsageError(f"the run id '{new.id}' belongs to another run: choose another --run-id")
                found = load(home, store, stored, outputs=as_told.json)
            else:
                set_aside(home, new.id)
                found = _found(rerun, home, store)
        if found.run.status is not RunStatus.RUNNING:
            return close_ended(found, as_told)
        return close(drive(found, as_told, partial(_start, rerun) if stored is None else None), as_told)


def _found(rerun: Rerun, home: Home, store: Store) -> Found:
    """The rerun as it will be found once it has started."""
    states = {node: state.without_outputs() for node, state in kept_states(store, rerun)}
    plan = plan_of(rerun.plan, rerun.run.kept)
    return Found(home, rerun.run, plan, View(states), flag=home_flag(home))


def _start(rerun: Rerun, engine: Engine, new: Run) -> None:
    engine.start(new, rerun.plan, kept=kept_states(engine.ledger.store, rerun))
