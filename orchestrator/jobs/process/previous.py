"""Moves aside what an earlier run of the same id left in its folder, before a new run begins.

The folder is named after the id, for people; the record of the earlier run is gone, so what it did is unknown.
"""

from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.jobs.process import attempt, claim
from orchestrator.jobs.process.environment import marks
from orchestrator.system import process_group as group

#: Entries that do not belong to an earlier run: the lock of the process that drives the run, and what was moved before.
_LOCK, _EARLIER = "lock", "earlier"


def left_behind(home: Home, run_id: str) -> list[Path]:
    """What an earlier run of that id left. The caller drives the run."""
    return [entry for entry in home.run(run_id).iterdir() if entry.name not in (_LOCK, _EARLIER)]


def set_aside(home: Home, run_id: str) -> Path | None:
    """Move it aside and return where; None if there was nothing. The caller drives the run; the store has no such id.

    Raises UsageError, and touches nothing, while anything of it still runs.
    """
    folder, left = home.run(run_id), left_behind(home, run_id)
    if not left:
        return None
    if running := [str(found.parent) for found in folder.glob("steps/*/*/claim") if _runs(found.parent)]:
        raise UsageError(
            f"run id '{run_id}': an earlier run with this id, which is no longer in the database, is still running in "
            f"{running[0]}{f' and {len(running) - 1} more' if len(running) > 1 else ''}: "
            "end it, or choose another --run-id"
        )
    aside = folder / _EARLIER / str(sum(1 for _ in (folder / _EARLIER).glob("*")) + 1)
    aside.mkdir(parents=True)
    for entry in left:
        entry.rename(aside / entry.name)
    return aside


def at_work(home: Home, run_id: str) -> bool:
    """Whether the shell of a command of that run still runs."""
    return any(claim.locked(found.parent) for found in home.run(run_id).glob("steps/*/*/claim"))


def _runs(folder: Path) -> bool:
    """Whether processes of an attempt are left."""
    number = attempt.group_of(folder)
    return claim.locked(folder) or (number is not None and group.left_behind(number, marks(folder)))
