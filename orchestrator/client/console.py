"""Reads runs through the function ``console_view``, and sends ``console`` what people ask."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from orchestrator.client.asking import Waiting, answer, refused
from orchestrator.client.post import get, post
from orchestrator.core.codec import run_from_json
from orchestrator.core.model import Run, View
from orchestrator.core.plan import Plan
from orchestrator.core.plan_codec import plan_from_json
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.core.view_codec import view_from_json
from orchestrator.errors import OrchestratorError, UnreadableRecordError
from orchestrator.ports import Unreadable, refuse

T = TypeVar("T")

#: Sends a request for a path and its query, and returns the JSON object of the answer.
Get = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

#: How many runs are asked for at a time, and how many numbers go into one URL.
_PAGE, _NUMBERS = 200, 500


def shown(url: str, path: str, query: Mapping[str, Any], token: str | None, waiting: Waiting) -> Mapping[str, Any]:
    """What the function at ``url`` shows. Raises UsageError, NotAllowedError, or OrchestratorError."""
    whole = f"{url.rstrip('/')}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    reply, _ = answer(url, lambda: get(whole, token), waiting, "nothing could be read")
    if reply.status == 200 and reply.json:
        return reply.json
    raise refused(url, reply, "console_view")


def asked(url: str, path: str, body: Mapping[str, Any], token: str | None, waiting: Waiting) -> Mapping[str, Any]:
    """What the function at ``url`` has done, or what it refuses with 409. Raises the same."""
    whole = f"{url.rstrip('/')}{path}"
    unsure = "it may have been done or not: ask again, which does it once"
    reply, _ = answer(url, lambda: post(whole, body, token), waiting, unsure)
    if reply.status in (200, 409) and isinstance(reply.json.get("said"), list):
        return reply.json
    raise refused(url, reply, "console")


class ConsoleReader:
    """A Reader of a deployment's runs. ``get`` sends the requests."""

    def __init__(self, get: Get) -> None:
        self._get = get

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        states, counters = dict[int, Any](), dict[int, Any]()
        for name, numbers in (("nodes", sorted(nodes)), ("joins", sorted(joins))):
            for at in range(0, len(numbers), _NUMBERS):
                chunk = ",".join(map(str, numbers[at : at + _NUMBERS]))
                found = self._view(run, {name: chunk}, refuse)
                states |= found.states
                counters |= found.counters
        return View(states, counters)

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        return self._view(run, {"outputs": "true"} if outputs else {}, unreadable)

    def find_run(self, run_id: str) -> Run | None:
        return self._run(f"/records/runs/{quote(run_id, safe='')}")

    def get_run(self, run: str) -> Run | None:
        return self._run(f"/records/keys/{run}")

    def get_plan(self, version: str) -> Plan | None:
        path = f"/records/plans/{quote(version, safe='')}"
        found = self._get(path, {}).get("plan")
        return None if found is None else _made(path, plan_from_json, found)

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        query: dict[str, Any] = {
            **({"graph": wanted.graph} if wanted.graph is not None else {}),
            **({"status": [str(status) for status in wanted.statuses]} if wanted.statuses else {}),
            **({"since": _time(wanted.since)} if wanted.since is not None else {}),
            **({"page": f"{wanted.until:.9f}"} if wanted.until is not None else {}),
        }
        runs: list[Run] = []
        while True:
            said = self._get("/records/runs", {**query, "limit": min(limit - len(runs), _PAGE)})
            _report(said["unreadable"], unreadable)
            runs += [_made("/records/runs", run_from_json, run) for run in said["runs"]]
            if len(runs) >= limit or said["next"] is None:
                return runs
            query["page"] = said["next"]

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        return [(run_id, key) for run_id, key in self._get("/records/ids", {"limit": limit})["ids"]]

    def _run(self, path: str) -> Run | None:
        found = self._get(path, {}).get("run")
        return None if found is None else _made(path, run_from_json, found)

    def _view(self, run: str, query: Mapping[str, Any], unreadable: Unreadable) -> View:
        path = f"/records/keys/{run}/view"
        said = self._get(path, query)
        _report(said["left_out"], unreadable)
        return _made(path, view_from_json, said)


def _made(path: str, make: Callable[[Any], T], said: Any) -> T:
    try:
        return make(said)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise OrchestratorError(
            f"the console's answer to {path} cannot be read: {error}: is its version newer than this one's?"
        ) from error


def _report(errors: Sequence[Mapping[str, str]], unreadable: Unreadable) -> None:
    for one in errors:
        unreadable(UnreadableRecordError(one["path"], one["why"]))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
