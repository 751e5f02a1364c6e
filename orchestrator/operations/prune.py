"""Deletes old runs of a home: their records in one commit, then their folders.

A run goes with all its reruns or not at all, since they share a folder, and a rerun needs what earlier rounds left.
Whoever deletes a run takes its lock, so that nobody drives it or begins another under its id meanwhile.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.model import Run, RunStatus
from orchestrator.errors import InUseError, StoreShortError, UnreadableRecordError, UsageError
from orchestrator.home import Home
from orchestrator.home.sqlite_file import LOG
from orchestrator.jobs.process.previous import at_work
from orchestrator.local.wiring import Records
from orchestrator.ports import Store
from orchestrator.system import files
from orchestrator.system.os_errors import reason

#: How many runs are deleted in one commit. A process can take only so many: each needs two open files.
_TOGETHER = 50

#: More runs than any home has.
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A run and its reruns, the newest first."""

    runs: tuple[Run, ...]

    @property
    def graph(self) -> str:
        return self.runs[0].graph

    @property
    def ended(self) -> float | None:
        """When the last of them ended; None if one has not."""
        ends = [run.ended_at for run in self.runs if run.ended_at is not None and run.status is not RunStatus.RUNNING]
        return max(ends) if len(ends) == len(self.runs) else None


@dataclass(slots=True)
class Pruned:
    """What was deleted: how many runs, and how many bytes of their files and of the database.

    ``left``: why something was not deleted. ``notes``: what else is worth knowing.
    """

    runs: int = 0
    size: int = 0
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def old_families(store: Store, before: float, graph: str | None, keep: int) -> list[Family]:
    """The families that ended ``before`` then, except the newest ``keep`` of each graph. ``graph``: only those of one.

    Raises UsageError if a record cannot be read: that run may be a rerun of any other.
    """
    unreadable: list[UnreadableRecordError] = []
    found: dict[str, list[Run]] = {}
    for run in store.list_runs(_ALL, unreadable.append):
        found.setdefault(run.first, []).append(run)
    if unreadable:
        raise UsageError(f"{unreadable[0]}; it may be a rerun of any run, so none is deleted")
    newer: dict[str, int] = {}
    old = []
    for family in (Family(tuple(runs)) for runs in found.values()):
        newer[family.graph] = newer.get(family.graph, 0) + 1
        if newer[family.graph] > keep and family.ended is not None and family.ended < before:
            old.append(family)
    return [family for family in old if graph is None or family.graph == graph]


def busy(home: Home, store: Store, family: Family) -> str:
    """Why a family that has ended cannot be deleted yet; empty if it can."""
    for run in family.runs:
        if home.driven(run.id):
            return f"run {run.id} is in use by another process"
        if (target := _missing(home.run(run.id))) is not None:
            folder = files.short(home.run(run.id))
            return f"run {run.id}: {folder} is a link to {target}, which is not there: mount it, or delete the link"
        if any(state.live for state in store.load_all(run.key, lambda _: None, outputs=False).states.values()):
            return f"run {run.id} has a job that is still running: cancel it first"
        if at_work(home, run.id):
            return f"run {run.id} has a command that is still running: end it first"
    return ""


def prune(home: Home, records: Records, families: Sequence[Family]) -> Pruned:
    """Delete families. What has become busy, or cannot be removed, is left, with the reason."""
    done = Pruned()
    _finish(home, records, done)
    for batch in _batches(families):
        with ExitStack() as taken:
            ready = [family for family in batch if _take(home, records, family, taken, done)]
            _delete(home, records, ready, done)
    if done.runs:
        _shrink(home, records, done)
    return done


def _delete(home: Home, records: Records, families: Sequence[Family], done: Pruned) -> None:
    """Delete families, of which this process has taken every run."""
    runs = [run for family in families for run in family.runs]
    with records.database.transaction:
        gone = records.store.remove_runs([run.key for run in runs])
        for key in gone:
            records.queue.forget(key, "")
    done.runs += sum(run.key in gone for run in runs)
    for key in gone.keys() - {run.key for run in runs}:  # inside one of these, which this process has taken
        _remove(home, records, key, gone[key], done)
    for run in runs:
        if records.store.get_run(run.key) is not None:
            done.left += [f"run {run.id} has been rerun meanwhile"] if run.rerun_of is None else []
        elif records.store.find_run(run.id) is None:  # if another process deleted it, taking it made its folder again
            _remove(home, records, run.key, run.id, done)


def _finish(home: Home, records: Records, done: Pruned) -> None:
    """Remove the files of runs whose records are gone: an earlier process died, or could not remove them."""
    for key, run_id in records.store.removed().items():
        if _missing(home.run(run_id)) is not None:
            home.run(run_id).unlink(missing_ok=True)
        try:
            with home.driving(run_id):
                if records.store.find_run(run_id) is None:
                    _remove(home, records, key, run_id, done)
                else:  # a later run has taken the id, and set aside what was there
                    records.store.files_removed(key)
        except InUseError:  # another process is removing them, or a later run is beginning
            continue


def _shrink(home: Home, records: Records, done: Pruned) -> None:
    """Make the file of the database smaller, unless that would keep a run from going on."""
    if any(home.driven(run.id) for run in records.store.unfinished()):
        done.notes.append(
            "the database keeps its size, for later runs: it is not made smaller while a run is in progress"
        )
        return
    before = _database_size(home)
    try:
        records.database.shrink()
    except StoreShortError as error:
        done.notes.append(f"the database keeps its size, for later runs: {error}")
    done.size += max(before - _database_size(home), 0)


def _database_size(home: Home) -> int:
    return sum(_blocks(home.database.with_name(home.database.name + suffix)) for suffix in ("", LOG))


def folder_size(folder: Path) -> int:
    """How many bytes the files below a folder take on the disk. Those of a folder elsewhere are not below a link."""
    if folder.is_symlink():
        return 0
    found = (Path(at, name) for at, folders, names in os.walk(folder) for name in (*folders, *names))
    return sum(_blocks(path) for path in found)


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512  # POSIX's unit
    except FileNotFoundError:  # removed meanwhile
        return 0


def _batches(families: Sequence[Family]) -> Iterator[list[Family]]:
    batch: list[Family] = []
    for family in families:
        if batch and sum(len(one.runs) for one in (*batch, family)) > _TOGETHER:
            yield batch
            batch = []
        batch.append(family)
    if batch:
        yield batch


def _take(home: Home, records: Records, family: Family, taken: ExitStack, done: Pruned) -> bool:
    """Take the locks of all runs of a family. False, with the reason in ``done``, if it cannot be deleted."""
    if all(records.store.get_run(run.key) is None for run in family.runs):
        return False  # another process has just deleted it
    if why := busy(home, records.store, family):
        done.left.append(why)
        return False
    try:
        for run in family.runs:
            taken.enter_context(home.driving(run.id))
    except InUseError:
        done.left.append(f"run {run.id} is in use by another process")
        return False
    return True


def _remove(home: Home, records: Records, key: str, run_id: str, done: Pruned) -> None:
    """Remove the files of a run, which this process has taken and whose records are gone."""
    folder = home.run(run_id)
    size = folder_size(folder)
    try:
        if folder.is_symlink():
            _unlink(folder, done)
        else:
            shutil.rmtree(folder)
    except FileNotFoundError:
        size = 0
    except OSError as error:
        done.size += max(size - folder_size(folder), 0)
        done.left.append(f"{files.short(folder)} cannot be removed: {reason(error)}")
        return
    home.drop_lock(run_id)
    records.store.files_removed(key)
    done.size += size


def _unlink(folder: Path, done: Pruned) -> None:
    """Remove the link that somebody has put in the place of a run's folder. Nothing outside the home is deleted."""
    target = folder.readlink()
    folder.unlink()
    done.notes.append(f"{files.short(folder)} was a symbolic link: its files are still in {target}; delete them there")


def _missing(folder: Path) -> Path | None:
    """The place to which ``folder`` is a link, if nothing is there."""
    return folder.readlink() if folder.is_symlink() and not folder.exists() else None
