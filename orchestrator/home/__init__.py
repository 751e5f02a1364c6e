"""The home of the embedded form: a folder with the database, and a folder per run.

Everything in it is readable by its owner alone (see system/files.py), except files that steps write inside it.

.orchestrator/orchestrator.db
.orchestrator/locks/RUN                        locked by the process that drives the run
.orchestrator/runs/RUN/data/                   shared by the run's steps
.orchestrator/runs/RUN/params.json             all of the run's params, for commands
.orchestrator/runs/RUN/graph.png               drawn when the run ends
.orchestrator/runs/RUN/steps/007-report/1/log  one folder per attempt
.orchestrator/runs/RUN/earlier/1/              what an earlier run of that id left, if its record is gone
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.names import RUN_ID, STEP_NAME
from orchestrator.errors import InUseError, NotFoundError, ReadOnlyError, UsageError
from orchestrator.home.owners import distrust
from orchestrator.system import files, locks
from orchestrator.system.os_errors import reason

FOLDER = ".orchestrator"

#: The first bytes of every SQLite file that is not empty.
_SQLITE = b"SQLite format 3\0"

#: The path of an attempt's folder below the home.
_JOB = re.compile(rf"runs/{RUN_ID[1:-1]}/steps/\d{{3,}}-{STEP_NAME[1:-1]}/\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Home:
    """The paths below one home folder."""

    path: Path

    def make(self) -> None:
        """Make the folder if it is missing, with a .gitignore, and remove the rights of others on what is ours in it.

        Raises ReadOnlyError, and UsageError if its database file is something else.
        """
        self._make(self.path, open_above=True)
        _check_database(self.database)
        self._check_writable()
        ignore = self.path / ".gitignore"
        if not ignore.exists():
            files.write_whole(ignore, "*\n")  # never an empty one, which would stay
        self._close_to_others()

    def _make(self, folder: Path, open_above: bool = False) -> None:
        try:
            if open_above:
                folder.parent.mkdir(parents=True, exist_ok=True)
            files.make_folder(folder)
        except OSError as error:
            raise ReadOnlyError(
                f"{folder}: this folder, which the run needs, cannot be made ({reason(error)}): "
                "give another place with --home"
            ) from error

    def _check_writable(self) -> None:
        if any(path.exists() and not os.access(path, os.W_OK) for path in (self.path, self.database)):
            raise ReadOnlyError(
                f"{self.path} is read-only: you can look at its runs (status, runs, explain, verify, logs, plot), "
                "but not run, resume or cancel any"
            )

    def _close_to_others(self) -> None:
        """Take from others what an older version let them see. Its mode tells whether a folder of runs was seen to."""
        found = {entry.name for entry in self.path.iterdir()}
        ours = {".gitignore", "runs", "locks", *(self.database.name + suffix for suffix in ("", "-wal", "-shm"))}
        for name in found & ours - {"runs", "locks"}:
            files.close_to_others(self.path / name)
        if "locks" in found:
            files.close_tree(self.path / "locks", but=lambda _: False)
        if "runs" in found:
            runs = self.path / "runs"
            files.close_tree(runs, but=lambda folder: folder.parent.parent == runs and folder.name == "data")
        if found <= ours:  # only if it contains nothing else
            files.close_to_others(self.path)

    @property
    def database(self) -> Path:
        return self.path / "orchestrator.db"

    def run(self, run_id: str) -> Path:
        return self.path / "runs" / run_id

    def data(self, run_id: str) -> Path:
        """The folder that the steps of a run share, ``{{ run.dir }}``."""
        return self.run(run_id) / "data"

    def params(self, run_id: str) -> Path:
        return self.run(run_id) / "params.json"

    def picture(self, run_id: str) -> Path:
        return self.run(run_id) / "graph.png"

    def attempt(self, run_id: str, node: int, step: str, attempt: int) -> Path:
        """An attempt's folder. The number keeps steps apart on file systems that fold case."""
        return self.run(run_id) / "steps" / f"{node:03d}-{step}" / str(attempt)

    def of_job(self, job: str) -> Path | None:
        """The folder of the attempt whose job is ``job``, which is its path below the home; None for another form."""
        return self.path / job if _JOB.fullmatch(job) else None

    @contextmanager
    def driving(self, run_id: str, patience: float = 0.0) -> Iterator[None]:
        """Be the only process that drives this run. Raises InUseError if another live process does.

        ``patience``: for how many seconds to wait for that process.
        """
        self._check_writable()
        taken: list[int] = []
        try:
            for path in self._locks(run_id):
                while not taken or not _is_at(path, taken[-1]):  # its last owner may have deleted it
                    self._make(path.parent)
                    taken.append(locks.keep(files.opener(str(path), os.O_RDWR | os.O_CREAT)))
                    _take(taken[-1], run_id, patience)
            yield
        finally:
            for lock in taken:
                locks.let_go(lock)

    def drop_lock(self, run_id: str) -> None:
        """Delete the lock of a run that is gone. The caller drives the run."""
        (self.path / "locks" / run_id).unlink(missing_ok=True)

    def driven(self, run_id: str) -> bool:
        """Whether a process drives this run now."""
        return any(map(_locked, self._locks(run_id)))

    def _locks(self, run_id: str) -> tuple[Path, Path]:
        """The lock of the process that drives the run, outside of folders that steps get or users may delete; and the
        lock that older versions use.
        """
        return self.path / "locks" / run_id, self.run(run_id) / "lock"


#: Seconds for which a process that does not drive a run may keep it: it records the end of its jobs (local/places.py).
BRIEFLY = 2.0

#: Seconds between two tries to drive a run.
_PAUSE = 0.02


def _locked(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        return not _lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _take(lock: int, run_id: str, patience: float) -> None:
    """Lock the open file. Raises InUseError if another process has locked it, and keeps it for ``patience`` seconds."""
    until = time.monotonic() + patience
    while not _lock(lock, fcntl.LOCK_EX):
        if _lock(lock, fcntl.LOCK_SH):  # another process only called ``driven``
            continue
        if time.monotonic() < until:
            time.sleep(_PAUSE)
            continue
        raise InUseError(
            f"run '{run_id}' is being driven by another process: watch it with 'orchestrator status {run_id}'"
        )


def _is_at(path: Path, lock: int) -> bool:
    """Whether the open file is the one at ``path``."""
    try:
        return os.path.samestat(path.stat(), os.fstat(lock))
    except FileNotFoundError:
        return False


def _lock(lock: int, how: int) -> bool:
    """Take a lock if it is free."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_run_id(run_id: str) -> str:
    """``run_id`` if it can name a folder on any system. Raises UsageError."""
    if not re.fullmatch(RUN_ID, run_id):
        raise UsageError(
            f"run id: expected a letter or digit, then up to 99 letters, digits, '_', '.' or '-', got {run_id!r}"
        )
    return run_id


def default_home(start: Path) -> Home:
    """``.orchestrator/`` at the root of the repository that ``start`` lies in.

    Outside of a repository: in the current folder if ``start`` is below it, otherwise beside ``start``.
    Raises UsageError if it exists and belongs to another user.
    """
    folder, here = (start if start.is_dir() else start.parent).resolve(), Path.cwd()
    roots = (at for at in (folder, *folder.parents) if (at / FOLDER).is_dir() or (at / ".git").exists())
    home = Home(next(roots, here if folder.is_relative_to(here) else folder) / FOLDER)
    if (doubt := distrust(home.path, home.database)) is not None:
        raise UsageError(doubt)
    return home


def root_of(folder: Path) -> Path | None:
    """The nearest folder around ``folder``, an absolute path, with a repository or a home; None if there is none.

    Another user's home does not count: its owner would choose what a graph's name means here.
    """
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists() or _has_home(parent):
            return parent
    return None


def _has_home(folder: Path) -> bool:
    home = Home(folder / FOLDER)
    return home.path.is_dir() and distrust(home.path, home.database) is None


def existing_home(home: Home) -> Home:
    """``home`` if something has run there. Raises NotFoundError."""
    if not home.database.exists():
        raise NotFoundError(
            f"{home.path}: nothing has run here yet: start with 'orchestrator run GRAPH', or give --home"
        )
    _check_database(home.database)
    return home


def _check_database(path: Path) -> None:
    """Raises UsageError if ``path`` exists and is certainly not a database (sqlite.org/fileformat2.html, 1.3)."""
    try:
        with files.reading(path) as file:
            begin = file.read(len(_SQLITE))
    except FileNotFoundError:
        begin = b"" if files.sort_of(path) in ("", files.PLAIN) else b"?"  # a folder, or a pipe
    except OSError:
        return  # opening it reports the reason
    if begin and begin != _SQLITE:
        raise UsageError(
            f"{path}: expected an SQLite database of the orchestrator, got something else: move it away, or give "
            "another place with --home"
        )
