"""Starts a run through the deployed ``start``, exactly once: retries use the same run id."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.client.post import LostAnswerError, Reply, post
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError

#: Attempts, and the most seconds from the first to the last.
TRIES, TIMEOUT = 5, 60.0

#: Statuses of temporary failures, of the function or of Google's front end.
_SOON = (429, 502, 503, 504)


class NotAllowedError(OrchestratorError):
    """The function does not know the caller, or the caller may not start runs. ``status``: 401 or 403."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        super().__init__(said)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run to start. ``made_up``: the run id was generated, so nobody else has it."""

    graph: str
    run_id: str
    params: Mapping[str, object]
    made_up: bool


@dataclass(frozen=True, slots=True)
class Started:
    """The run in the function's response. ``created``: one of this call's attempts started it."""

    run: str
    graph: str
    status: str
    created: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait between attempts. ``tell`` gets the reason and the seconds."""

    tell: Callable[[str, float], None]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


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
    raise _refused(url, reply)


def start_rerun(url: str, body: Mapping[str, Any], token: str | None, waiting: Waiting) -> Started:
    """Request a rerun that was planned before, whose token is in ``body``. Raises what ``start`` raises."""
    unsure = "the rerun may or may not have been started: repeat the command, which starts it only once"
    reply, number = _answer(url, body, token, waiting, unsure)
    return _started(url, reply, again=number > 1)


def _answer(url: str, body: Mapping[str, Any], token: str | None, waiting: Waiting, unsure: str) -> tuple[Reply, int]:
    """The first answer that is not a temporary failure, and how many attempts it took."""
    began = waiting.now()
    for number in range(1, TRIES + 1):
        reply, why = _try(url, body, token)
        if reply is not None and reply.status not in _SOON:
            return reply, number
        asked = reply.retry_after if reply is not None else None
        pause = float(2 ** (number - 1)) if asked is None else asked
        if number == TRIES or waiting.now() - began + pause > TIMEOUT:
            break
        waiting.tell(why, pause)
        waiting.sleep(pause)
    raise OrchestratorError(f"{why}: {unsure}")


def _try(url: str, body: Mapping[str, Any], token: str | None) -> tuple[Reply | None, str]:
    try:
        reply = post(url, body, token)
    except LostAnswerError as error:
        return None, str(error)
    return reply, f"{url} answered {reply.status}{_said(reply)}"


def _started(url: str, reply: Reply, again: bool) -> Started:
    said = reply.json
    if reply.status in (200, 201) and {"run", "graph", "status", "created"} <= said.keys():
        return Started(said["run"], said["graph"], said["status"], bool(said["created"]) or again)
    raise _refused(url, reply)


def _refused(url: str, reply: Reply) -> OrchestratorError:
    """What an answer means that is not the one that was asked for."""
    said = reply.json
    match reply.status:
        case 400 | 404 if isinstance(said.get("errors"), list):
            return (NotFoundError if reply.status == 404 else UsageError)("\n".join(map(str, said["errors"])))
        case 401 | 403 if isinstance(said.get("errors"), list):  # from the function: another grant would not help
            return OrchestratorError("\n".join(map(str, said["errors"])))
        case 401 | 403:
            return NotAllowedError(reply.status, f"{url} answered {reply.status}{_said(reply)}")
        case 404:  # Cloud Run's own
            why = "there is no 'start' there, or it cannot be called from here (Terraform's variable 'start_ingress')"
            return OrchestratorError(f"{url} answered 404{_said(reply)}: {why}")
    return OrchestratorError(f"{url} answered {reply.status}{_said(reply)}: expected the answer of a deployed 'start'")


def _said(reply: Reply) -> str:
    """The first line of the response, unless it is a page of HTML."""
    text = reply.text.strip()
    return f": {text.splitlines()[0][:300]}" if text and not text.startswith("<") else ""
