"""A deployment's runs, read and operated through its consoles instead of its store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.requests import (
    Asked,
    CancelAsked,
    Done,
    HoldAsked,
    MarkAsked,
    ReleaseAsked,
    RetryAsked,
    SetAsked,
)
from orchestrator.ports import Reader


@dataclass(frozen=True, slots=True)
class DeployedConsole:
    """``url``: the project, and what to add to a command so that it finds the runs. ``reader``: reads them.

    ``send``: asks the function ``console`` for a path, with a body, and returns its answer. ``show``: asks
    ``console_view`` for a path, with a query.
    """

    url: StoreUrl
    reader: Reader
    send: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    show: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

    def act(self, run_id: str, asked: Asked) -> Done:
        """What became of the request. Raises UsageError with the console's sentences, and OrchestratorError."""
        path, body = _request(run_id, asked)
        told = {name: value for name, value in body.items() if value is not None}
        said = self.send(path, told)
        return Done(tuple(said["said"]), tuple(said.get("errors", ())), bool(said.get("changed", said["said"])))


#: Where runs are kept, if not in a home: the URL of a store, or a deployment.
Location = str | DeployedConsole | None


def _request(run_id: str, asked: Asked) -> tuple[str, dict[str, Any]]:
    run = f"/runs/{run_id}"
    match asked:
        case HoldAsked():
            until = datetime.fromtimestamp(asked.until, UTC).isoformat() if asked.until is not None else None
            return f"{run}/hold", {"why": asked.why, "steps": list(asked.steps), "until": until}
        case ReleaseAsked():
            return f"{run}/release", {"why": asked.why, "steps": list(asked.steps)}
        case CancelAsked():
            return f"{run}/cancel", {"why": asked.why, "steps": list(asked.steps)}
        case RetryAsked():
            return f"{run}/steps/{asked.step}/retry", {"why": asked.why, "attempt": asked.attempt}
        case SetAsked():
            values = {"max_parallel": asked.max_parallel, "tolerate": asked.tolerate}
            return f"{run}/set", {"step": asked.step, **values, "why": asked.why}
        case MarkAsked():
            body = {"status": str(asked.status), "why": asked.why}
            outputs = {"outputs": asked.outputs} if asked.outputs is not None else {}
            return f"{run}/steps/{asked.step}/mark", {**body, **outputs}
