"""Where the embedded world keeps things: one folder with the database, and one below it for each run. Makes no decisions.

.orchestrator/orchestrator.db
.orchestrator/runs/RUN/data/                   shared by the run's steps
.orchestrator/runs/RUN/graph.png               drawn when the run ends
.orchestrator/runs/RUN/steps/007-report/1/log  one folder an attempt
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NotFoundError, UsageError

FOLDER = ".orchestrator"

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Home:
    """The paths below one home folder."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / "orchestrator.db"

    def run(self, run_id: str) -> Path:
        return self.path / "runs" / run_id

    def data(self, run_id: str) -> Path:
        """The folder that the steps of a run share, ``{{ run.dir }}``."""
        return self.run(run_id) / "data"

    def picture(self, run_id: str) -> Path:
        return self.run(run_id) / "graph.png"

    def attempt(self, run_id: str, node: int, step: str, attempt: int) -> Path:
        """An attempt's folder. The number keeps steps apart on file systems that fold case."""
        return self.run(run_id) / "steps" / f"{node:03d}-{step}" / str(attempt)

    @contextmanager
    def hold(self, run_id: str) -> Iterator[None]:
        """Be the only process that drives this run. Raises UsageError if another one does; a dead one does not."""
        folder = self.run(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise UsageError(f"run '{run_id}' is being driven by another process: watch it with 'status'") from None
        finally:
            os.close(lock)


def check_run_id(run_id: str) -> str:
    """``run_id`` if it can name a folder on any system. Raises UsageError."""
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"run id: expected a letter or digit, then up to 99 letters, digits, '_', '.' or '-', came {run_id!r}"
        )
    return run_id


def default_home(start: Path) -> Home:
    """``.orchestrator/`` at the root of the repository that ``start`` lies in, or beside ``start`` if it is in none."""
    folder = (start if start.is_dir() else start.parent).resolve()
    for parent in (folder, *folder.parents):
        if (parent / FOLDER).is_dir() or (parent / ".git").exists():
            return Home(parent / FOLDER)
    return Home(folder / FOLDER)


def existing_home(home: Home) -> Home:
    """``home`` if something has run there. Raises NotFoundError."""
    if not home.database.exists():
        raise NotFoundError(
            f"{home.path}: nothing has run here yet: start with 'orchestrator run GRAPH', or give --home"
        )
    return home
