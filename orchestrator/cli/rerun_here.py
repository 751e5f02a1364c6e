"""Reruns a run on this machine."""

import time
from pathlib import Path

from orchestrator.cli.drive import How, driver
from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.rerun_wish import Wish, show
from orchestrator.cli.run_end import close
from orchestrator.core.inner_graphs import whole
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.definition.reruns import as_json, check_token, chosen_graph, graph_of, numbered, request
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.operations import runs
from orchestrator.operations.choose_store import store_of
from orchestrator.operations.driving import refuse_cloud_steps
from orchestrator.operations.find_run import find_run
from orchestrator.operations.load_run import load
from orchestrator.ports import Store


def here(wish: Wish, given: Path | None, as_told: How) -> int:
    """Show the plan of the rerun, and drive it to its end. ``given``: the home. Returns the exit code."""
    with store_of(given) as (home, store):
        rerun = numbered(
            store,
            _request(wish, home, store),
            wish.run_id,
            time.time(),
            wish.token,
            lambda run: not home.driven(run.id),
        )
        begun = store.find_run(rerun.run.id) is not None
    check_token(rerun, wish.token)
    runs.check_files(rerun, home)
    if wish.dry_run:
        show(as_json(rerun, params=True), as_told.json)
        return DONE
    refuse_cloud_steps(whole(rerun.plan), as_told.fake_dataflow)
    if not as_told.json:
        show(as_json(rerun, params=False), json=False)
    if begun:
        complain(f"run {rerun.run.id} was started before with just this plan: it goes on where it was")
    elif not wish.confirmed():
        return FAILED
    return close(runs.rerun(rerun, home, driver(as_told)), as_told)


def _request(wish: Wish, home: Home, store: Store) -> RerunRequest:
    from orchestrator.definition.catalog import find_graph

    if wish.graph is not None and wish.same_version:
        raise UsageError("--graph and --same-version both say which graph runs: give only one of them")
    earlier = find_run(store, wish.run, complain)
    found = load(home, store, earlier)
    graph = chosen_graph(earlier, graph_of(earlier, find_graph, wish.graph, wish.same_version), wish.same_version)
    return request(store, earlier, found.plan, found.view, graph, wish.given, wish.wanted, stand_ins=True)
