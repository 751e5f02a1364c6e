"""Reruns in the deployed form: planned and started by the function ``start``."""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from orchestrator.cloud.logs import Headers
from orchestrator.cloud.rerun_body import RerunAsked
from orchestrator.cloud.starters import Starters
from orchestrator.core.model import Run
from orchestrator.definition.catalog import graphs
from orchestrator.definition.load import load_graph
from orchestrator.definition.reruns import GraphNow, as_json, check_token, chosen_graph, kept_states, numbered, request
from orchestrator.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from orchestrator.cloud.wiring import Deployed


def rerun(
    deployed: "Deployed", asked: RerunAsked, run_id: str | None, params: Mapping[str, object], headers: Headers
) -> tuple[Run | None, bool, dict[str, Any]]:
    """Start a rerun, or only plan it. Returns the run, if it was to be started, whether it is new, and its plan.

    The plan has no value of a param. Raises what ``Deployed.start`` raises.
    """
    store, now = deployed.engine.ledger.store, time.time()
    earlier = store.find_run(asked.of)
    starters = Starters(deployed.settings.starters, deployed.settings.scheduler_account)
    starters.check(headers, earlier.graph if earlier is not None else "", None)
    if earlier is None:
        raise NotFoundError(f"no run has the id '{asked.of}'")
    graph = chosen_graph(earlier, _deployed_graph(deployed, earlier, asked.same_version), asked.same_version)
    execution = deployed.engine.ledger.with_plan(earlier)
    view = store.load_all(earlier.key, outputs=False)
    wanted = request(store, earlier, execution.plan, view, graph, params, asked.wanted, stand_ins=False)
    made = numbered(store, wanted, run_id, now, asked.token)
    check_token(made, asked.token)
    told = as_json(made, params=False)
    if told["graph_file"]:  # people know the folder of the project, not that of the function
        told["graph_file"] = os.path.relpath(told["graph_file"], deployed.settings.folder)
    if asked.dry_run:
        return None, False, told
    new = replace(made.run, seal=token_hex(16))  # others can put tasks on these queues

    def check(there: Run) -> None:
        if there.key != new.key:
            raise UsageError(f"the run id '{new.id}' belongs to another run: choose another run id")

    found = deployed.engine.start(new, made.plan, check, kept_states(store, made))
    return found, found.seal == new.seal, told


def _deployed_graph(deployed: "Deployed", earlier: Run, same_version: bool) -> GraphNow | None:
    """The graph as it is deployed now. Raises NotFoundError if it is no longer there, unless ``same_version``."""
    known = graphs(deployed.settings.folder)
    same = [
        path for path in known.values() if (str(path.parent.resolve()), path.name) == (earlier.folder, earlier.file)
    ]
    path = same[0] if same else known.get(earlier.graph)
    loaded = load_graph(path) if path is not None else None
    if path is None or loaded is None or loaded.name != earlier.graph:
        if same_version:
            return None
        raise NotFoundError(f"the graph '{earlier.graph}' is no longer deployed: only the same version can be rerun")
    if not (loaded.deploy or deployed.settings.dataflow_endpoint is not None):  # as in Deployed.start
        raise NotFoundError(f"the graph '{loaded.name}' says deploy: false, so it runs on one machine only")
    return GraphNow(loaded, path.parent, path.name)
