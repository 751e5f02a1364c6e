"""Notes in a run's record what becomes of the processes that drive it on this machine: ``story`` tells it."""

from collections.abc import Collection
from contextlib import suppress

from orchestrator.core.control import Act
from orchestrator.core.model import Run
from orchestrator.errors import StoreShortError
from orchestrator.operations.control.arguments import who
from orchestrator.stores.sqlite.store import SqliteStore

#: What is noted: somebody interrupted the process; it was killed or crashed; somebody resumed the run.
INTERRUPTED, KILLED, RESUMED = "interrupted", "killed", "resumed"


def note_resumed(store: SqliteStore, run: Run, seen: float, now: float) -> None:
    """Note that somebody resumes the run. ``seen``: the latest time that was recorded in it before."""
    store.note_drives(run.key, [*_killed(run, seen), Act(RESUMED, max(now, seen), who())])


def note_killed(store: SqliteStore, run: Run, seen: float) -> None:
    """Note that the process that drove the run was killed, if nobody has interrupted it."""
    store.note_drives(run.key, _killed(run, seen))


def note_interrupted(store: SqliteStore, runs: Collection[str], now: float) -> None:
    """Note that somebody interrupts the process that drives these runs (their keys)."""
    with suppress(StoreShortError):  # who resumes it will find it as if the process had been killed
        for key in runs:
            store.note_drives(key, [Act(INTERRUPTED, now, who())])


def _killed(run: Run, seen: float) -> list[Act]:
    """Nothing if the process that drove the run was interrupted, which it has noted."""
    return [] if run.drives and run.drives[-1].what == INTERRUPTED else [Act(KILLED, seen)]
