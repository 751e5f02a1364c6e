"""Asks a deployed function, and retries temporary failures; and what its answers mean that were not asked for."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.client.post import LostAnswerError, Reply
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError

#: Attempts, and the most seconds from the first to the last.
TRIES, TIMEOUT = 5, 60.0

#: Statuses of temporary failures, of the function or of Google's front end.
_SOON = (429, 502, 503, 504)


class NotAllowedError(OrchestratorError):
    """The function does not know the caller, or the caller may not call it. ``status``: 401 or 403."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        super().__init__(said)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait between attempts. ``tell`` gets the reason and the seconds."""

    tell: Callable[[str, float], None]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


def answer(url: str, send: Callable[[], Reply], waiting: Waiting, unsure: str) -> tuple[Reply, int]:
    """The first answer that is not a temporary failure, and how many attempts it took.

    ``unsure``: what is not known if all attempts fail. Raises OrchestratorError.
    """
    began = waiting.now()
    for number in range(1, TRIES + 1):
        reply, why = _try(url, send)
        if reply is not None and reply.status not in _SOON:
            return reply, number
        asked = reply.retry_after if reply is not None else None
        pause = float(2 ** (number - 1)) if asked is None else asked
        if number == TRIES or waiting.now() - began + pause > TIMEOUT:
            break
        waiting.tell(why, pause)
        waiting.sleep(pause)
    raise OrchestratorError(f"{why}: {unsure}")


def _try(url: str, send: Callable[[], Reply]) -> tuple[Reply | None, str]:
    try:
        reply = send()
    except LostAnswerError as error:
        return None, str(error)
    return reply, f"{url} answered {reply.status}{_said(reply)}"


def refused(url: str, reply: Reply, function: str) -> OrchestratorError:
    """What an answer means that is not the one that was asked for. ``function``: which one is called."""
    said = reply.json
    match reply.status:
        case 400 | 404 | 409 if isinstance(said.get("errors"), list):
            return (NotFoundError if reply.status == 404 else UsageError)("\n".join(map(str, said["errors"])))
        case 401 | 403 if isinstance(said.get("errors"), list):  # from the function: another grant would not help
            return OrchestratorError("\n".join(map(str, said["errors"])))
        case 401 | 403:
            return NotAllowedError(reply.status, f"{url} answered {reply.status}{_said(reply)}")
        case 404:  # Cloud Run's own
            outside = "it cannot be called from here (Terraform's variable 'start_ingress')"
            return OrchestratorError(f"{url} answered 404{_said(reply)}: there is no '{function}' there, or {outside}")
    what = f"expected the answer of a deployed '{function}'"
    return OrchestratorError(f"{url} answered {reply.status}{_said(reply)}: {what}")


def _said(reply: Reply) -> str:
    """The first line of the response, unless it is a page of HTML."""
    text = reply.text.strip()
    return f": {text.splitlines()[0][:300]}" if text and not text.startswith("<") else ""
