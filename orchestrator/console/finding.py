"""Finds the run that a request is about."""

from dataclasses import replace

from orchestrator.console.exchange import Call
from orchestrator.core.model import Run, RunStatus
from orchestrator.engine.consistency import sure_doubts
from orchestrator.errors import NotFoundError, UnreadableRecordError
from orchestrator.operations.find_step import way
from orchestrator.reporting.found import Found


def run_of(call: Call) -> Run:
    """The run with the id in the path. Raises NotFoundError."""
    run_id = call.path["run"]
    found = call.deployed.engine.ledger.store.find_run(run_id)
    if found is None:
        raise NotFoundError(f"no run has the id '{run_id}'")
    return found


def found_of(call: Call, *, outputs: bool = False) -> Found:
    """The run with its steps. What cannot be read is left out, and named. Raises NotFoundError."""
    ledger, run = call.deployed.engine.ledger, run_of(call)
    plan = ledger.with_plan(run).plan
    left_out: list[UnreadableRecordError] = []
    view = ledger.store.load_all(run.key, left_out.append, outputs)
    doubts = sure_doubts(ledger.store, run.key, plan, view) if run.status is RunStatus.RUNNING else {}
    found = Found(None, run, plan, view, doubts=tuple(doubts), unreadable=tuple(map(str, left_out)))
    steps = way(ledger.store, lambda above: ledger.with_plan(above).plan, run)
    return replace(found, way="/".join(steps))
