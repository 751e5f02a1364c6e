"""Asks the deployed function ``start`` to rerun a run of its deployment."""

from collections.abc import Mapping
from typing import Any

from orchestrator.cli.deployed_start import called, tell
from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.rerun_wish import Wish, show
from orchestrator.client.asking import Waiting
from orchestrator.client.start import Started, plan_rerun, start_rerun
from orchestrator.deployment import Deployment


def in_cloud(wish: Wish, deployment: Deployment, url: str | None, json: bool) -> int:
    """Show the plan of the rerun, and start just that. ``url``: of the function. Returns the exit code."""

    def planned(address: str, token: str | None, waiting: Waiting) -> Mapping[str, Any]:
        return plan_rerun(address, _body(wish, wish.token), token, waiting)

    plan, _ = called(deployment, url, planned)
    if wish.dry_run or not json:
        show(plan, json)
    if wish.dry_run:
        return DONE
    if not wish.confirmed():
        return FAILED

    def started(address: str, token: str | None, waiting: Waiting) -> Started:
        return start_rerun(address, _body(wish, plan["token"]), token, waiting)

    tell(*called(deployment, url, started), deployment, url, json)
    return DONE


def _body(wish: Wish, token: str | None) -> dict[str, Any]:
    """The request to the function (cloud/rerun_body.py)."""
    rerun = {
        "of": wish.run,
        "from": list(wish.wanted.start),
        "only": list(wish.wanted.only),
        "all": wish.wanted.everything,
        "same_version": wish.same_version,
    }
    return {
        "rerun": rerun if token is None else {**rerun, "token": token},
        "params": dict(wish.given),
        **({} if wish.run_id is None else {"run_id": wish.run_id}),
    }
