"""Starts a run through the deployed ``start``, exactly once: retries use the same run id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.client.asking import Waiting, answer, refused
from orchestrator.client.post import Reply, post


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run to start. ``made_up``: the run id was generated, so nobody else has it."""

    graph: str
    run_id: str
    params: Mapping[str, object]
    made_up: bool


@dataclass(frozen=True, slots=True)
class Started:
    """The run in the function's response. ``created``: one of this call's attempts started it.

    ``skipped``: why it does not run, if its graph's ``max_active_runs`` keeps it from that.
    """

    run: str
    graph: str
    status: str
    created: bool
    skipped: str | None = None


def start(url: str, wanted: Wanted, token: str | None, waiting: Waiting) -> Started:
    """Request the run from the function at ``url``, and retry temporary failures.

    Raises UsageError with the function's messages, NotAllowedError, or OrchestratorError if all attempts fail.
    """
    body = {"graph": wanted.graph, "run_id": wanted.run_id, "params": dict(wanted.params)}
    unsure = (
        f"run '{wanted.run_id}' may or may not have been started: repeat the command with --run-id {wanted.run_id}, "
        "which starts it only once"
    )
    reply, number = _answer(url, body, token, waiting, unsure)
    return _started(url, reply, again=number > 1 and wanted.made_up)


def plan_rerun(url: str, body: Mapping[str, Any], token: str | None, waiting: Waiting) -> Mapping[str, Any]:
    """What a rerun would do, by the function at ``url``. ``body``: the request. Raises what ``start`` raises."""
    asked = {**body, "rerun": {**body["rerun"], "dry_run": True}}
    reply, _ = _answer(url, asked, token, waiting, "nothing was started")
    if reply.status == 200 and isinstance(plan := reply.json.get("plan"), dict):
        return plan
    raise refused(url, reply, "start")


def start_rerun(url: str, body: Mapping[str, Any], token: str | None, waiting: Waiting) -> Started:
    """Request a rerun that was planned before, whose token is in ``body``. Raises what ``start`` raises."""
    unsure = "the rerun may or may not have been started: repeat the command, which starts it only once"
    reply, number = _answer(url, body, token, waiting, unsure)
    return _started(url, reply, again=number > 1)


def _answer(url: str, body: Mapping[str, Any], token: str | None, waiting: Waiting, unsure: str) -> tuple[Reply, int]:
    return answer(url, lambda: post(url, body, token), waiting, unsure)


def _started(url: str, reply: Reply, again: bool) -> Started:
    said = reply.json
    if reply.status in (200, 201) and {"run", "graph", "status", "created"} <= said.keys():
        return Started(said["run"], said["graph"], said["status"], bool(said["created"]) or again, said.get("skipped"))
    raise refused(url, reply, "start")
