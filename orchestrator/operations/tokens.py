"""Tokens of what was seen of a run: a request that sends one back is refused if that has changed. Pure."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from orchestrator.core.codec import run_to_json, state_to_json
from orchestrator.core.model import PENDING, StepState
from orchestrator.engine.control import Unchanged
from orchestrator.errors import OrchestratorError
from orchestrator.reporting.found import Found

#: What a request about a step depends on: not its times, and not what its jobs have said.
_FIELDS = ("status", "attempt", "stop", "control", "live")

_LENGTH = 20


class ChangedError(OrchestratorError):
    """What the request is about is no longer as the caller has seen it. Nothing was changed."""

    http_status = 409


def of_run(found: Found) -> str:
    """The token of a run with all its steps."""
    end = _of(found.view.states.get(found.plan.end, PENDING)).get("control")  # what was set for the run itself
    states = [_of(found.view.states.get(node, PENDING)) for node in range(len(found.plan.steps))]
    return _hashed([_head(found), states, *([end] if end else [])])


def of_step(found: Found, node: int) -> str:
    """The token of a step."""
    return _hashed([_head(found), node, _of(found.view.state(node))])


def check(found: Found, nodes: Collection[int], token: str | None) -> Unchanged | None:
    """What the commits of a request must check, which is about ``nodes``, or the run if there are none; None: nothing.

    ``token``: that of the run, or of the only step. Raises ChangedError if it is another one by now.
    """
    if token is None:
        return None
    tokens = [of_run(found), *(of_step(found, node) for node in nodes if len(nodes) == 1)]
    if token not in tokens:
        step = found.plan.steps[next(iter(nodes))].name if len(nodes) == 1 else ""
        what = f"step '{step}' of run '{found.run.id}'" if step else f"run '{found.run.id}'"
        raise ChangedError(f"{what} has changed since its token was read: read it again")
    return lambda node, state: _of(state) == _of(found.view.state(node))


def _head(found: Found) -> list[Any]:
    run = run_to_json(found.run)
    return [found.run.key, run["status"], run.get("stop")]


def _of(state: StepState) -> dict[str, Any]:
    stored = state_to_json(state)
    return {name: stored[name] for name in _FIELDS if name in stored}


def _hashed(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_LENGTH]
