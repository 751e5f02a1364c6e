"""Sees to it that a new run may have its id: nothing of an earlier run of that id may get in its way."""

from pathlib import Path

from orchestrator.errors import UnreadableRecordError, UsageError
from orchestrator.home import Home
from orchestrator.jobs.process.previous import left_behind, set_aside
from orchestrator.ports import Store


def make_room(home: Home, store: Store, run_id: str) -> Path | None:
    """Move aside what an earlier run left, and return where; None if there was nothing. The caller drives the run.

    Raises UsageError if that run still runs, or if a record that cannot be read may be its.
    """
    odd: list[UnreadableRecordError] = []
    if left_behind(home, run_id):
        store.unfinished(odd.append)
    if odd:
        raise UsageError(
            f"run id '{run_id}': {odd[0]}; it may be the record of the run whose files are in {home.run(run_id)}: "
            "choose another --run-id"
        )
    return set_aside(home, run_id)
