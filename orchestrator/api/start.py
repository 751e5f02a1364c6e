"""Starts runs of deployed graphs: ``orchestrator.start``."""

import os
import time
from collections.abc import Mapping
from typing import Any

from orchestrator.client.asking import Waiting
from orchestrator.client.start import Started, Wanted
from orchestrator.client.start import start as request
from orchestrator.definition.handles import plain
from orchestrator.definition.run_request import made_up_id
from orchestrator.deployment import Deployment
from orchestrator.deployment.starting import reached
from orchestrator.errors import UsageError
from orchestrator.home import check_run_id


def start(
    graph: str,
    params: Mapping[str, Any] | None = None,
    *,
    run_id: str | None = None,
    project: str | None = None,
    region: str | None = None,
    name: str = "orchestrator",
    environment: str = "prod",
    url: str | None = None,
) -> str:
    """Start a run of a deployed graph, exactly once, and return its id. If a run has the id, nothing is started.

    ``project`` and ``region`` are ORCHESTRATOR_PROJECT and ORCHESTRATOR_REGION by default. ``url``: that of the
    deployed function. Raises UsageError if the graph is not deployed or its params are wrong, and OrchestratorError if
    it could not be started. If a response is lost, the request is repeated for up to a minute.
    """
    deployment = Deployment(
        _given("project", project, "ORCHESTRATOR_PROJECT"),
        _given("region", region, "ORCHESTRATOR_REGION"),
        name,
        environment,
    )
    named = made_up_id(graph, time.time()) if run_id is None else check_run_id(run_id)
    wanted = Wanted(graph, named, plain(params or {}), made_up=run_id is None)

    def call(address: str, token: str | None, waiting: Waiting) -> Started:
        return request(address, wanted, token, waiting)

    started, _ = reached(deployment, url, call, lambda _why, _seconds: None)
    return started.run


def _given(name: str, value: str | None, variable: str) -> str:
    found = value or os.environ.get(variable)
    if not found:
        raise UsageError(f"{name}: expected a value, or one in {variable}, got none")
    return found
