"""Shows records of runs as they are stored, but for the secret of a run: what the command line reads in the cloud."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.console.exchange import Call
from orchestrator.console.reading import page_of
from orchestrator.core.codec import run_to_json
from orchestrator.core.model import Run
from orchestrator.core.plan_codec import plan_to_json
from orchestrator.core.view_codec import view_to_json
from orchestrator.errors import UnreadableRecordError
from orchestrator.operations.places_in_line import with_standings
from orchestrator.ports import Store

Answer = tuple[int, Mapping[str, Any]]


def runs(call: Call) -> Answer:
    """A page of runs."""
    found, unreadable, following = page_of(call)
    return 200, {"runs": [_run(run) for run in found], "unreadable": _told(unreadable), "next": following}


def ids(call: Call) -> Answer:
    """Ids and keys of the newest runs."""
    return 200, {"ids": [list(pair) for pair in _store(call).run_ids(call.query.limit)]}


def run_by_id(call: Call) -> Answer:
    found = _store(call).find_run(call.path["run"])
    return 200, {"run": _run(found) if found is not None else None}


def run_by_key(call: Call) -> Answer:
    found = _store(call).get_run(call.path["key"])
    return 200, {"run": _run(found) if found is not None else None}


def plan(call: Call) -> Answer:
    found = _store(call).get_plan(call.path["version"])
    return 200, {"plan": plan_to_json(found) if found is not None else None}


def view(call: Call) -> Answer:
    """The states and counters of a run, or of some of its steps and joins."""
    asked, key = call.query, call.path["key"]
    left_out: list[UnreadableRecordError] = []
    if asked.nodes is None and asked.joins is None:
        found = with_standings(None, _store(call), _store(call).load_all(key, left_out.append, asked.outputs))
    else:
        found = with_standings(None, _store(call), _store(call).load(key, _numbers(asked.nodes), _numbers(asked.joins)))
    return 200, {**view_to_json(found), "left_out": _told(left_out)}


def _store(call: Call) -> Store:
    return call.deployed.engine.ledger.store


def _run(run: Run) -> dict[str, Any]:
    return run_to_json(replace(run, seal=""))


def _told(errors: list[UnreadableRecordError]) -> list[dict[str, Any]]:
    return [{"path": error.path, "why": error.why} for error in errors]


def _numbers(text: str | None) -> list[int]:
    return [int(number) for number in (text or "").split(",") if number]
