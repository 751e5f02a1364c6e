"""Finds and ends the processes of commands that are left on this machine."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.core.names import JobRef, parse_job_name
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.jobs.process import attempt, attempt_files, claim
from orchestrator.jobs.process.environment import marks
from orchestrator.operations.audit.findings import Audit, Leftover, unclear
from orchestrator.operations.audit.why_left import why_left
from orchestrator.ports import Store
from orchestrator.reporting.phrases import listed
from orchestrator.system import process_group as group
from orchestrator.system.files import short

#: Seconds for processes to end when they are asked to; then they are killed. And between two looks.
_GRACE, _PERIOD = 10.0, 0.1


def audit_home(home: Home, store: Store | None, now: float) -> Audit:
    """The attempts in a home with processes whose end no run waits for. ``store``: None if the database is gone."""
    left, doubts, looked_at = [], [], 0
    for folder in _running(home):
        looked_at += 1
        name = claim.name(folder)
        job = parse_job_name(name)
        try:
            why = "its claim does not say whose it is" if job is None else _why(home, store, job)
        except StoreError as error:
            doubts.append(unclear(short(folder), error))
            continue
        if why and (state := _state(folder)):
            since = attempt_files.written(folder / "claim", now)
            left.append(Leftover(name or folder.name, str(folder), why, since, state))
    return Audit(left, doubts, looked_at)


def _why(home: Home, store: Store | None, job: JobRef) -> str:
    """As ``why_left`` says. Raises StoreError."""
    if store is not None:
        return why_left(store, job)
    if driven := [run.name for run in (home.path / "runs").iterdir() if home.driven(run.name)]:
        raise StoreError(f"the database of this home is gone, and a process still drives {listed(sorted(driven), 3)}")
    return "the database of this home is gone, so no run waits for it"


def _running(home: Home) -> Iterator[Path]:
    """The folders of attempts of which a process is left."""
    present = group.variables()
    for pattern in ("*/steps/*/*/claim", "*/earlier/*/steps/*/*/claim"):
        for found in sorted((home.path.resolve() / "runs").glob(pattern)):
            if claim.locked(found.parent) or not present.isdisjoint(marks(found.parent)):
                yield found.parent


def processes(folder: Path) -> list[group.Process]:
    """The processes of an attempt that we may signal; one whose number was reused is none of them."""
    leader, known = attempt.group_of(folder), group.running()
    if leader is None or known is None:
        return []
    return group.ours(group.members(leader, marks(folder), known, certain=claim.locked(folder)))


def _state(folder: Path) -> str:
    """``2 processes``; empty if none is left. Without /proc nobody can count them."""
    if group.running() is None:
        return "its shell and what it started" if claim.locked(folder) else ""
    number = len(processes(folder))
    return "1 process" if number == 1 else f"{number} processes" if number else ""


def end(folder: Path) -> str:
    """Ask the processes of an attempt to end, kill those that do not, and say what became of them."""
    pause, waited = threading.Event(), 0.0
    _signal(folder, signal.SIGTERM)
    while state := _state(folder):
        if waited >= _GRACE:
            _signal(folder, signal.SIGKILL)
        if waited >= 2 * _GRACE:
            return f"{state} cannot be killed"
        pause.wait(_PERIOD)
        waited += _PERIOD
    return "ended" if waited <= _GRACE else "killed"


def _signal(folder: Path, number: int) -> None:
    leader = attempt.group_of(folder)
    with suppress(ProcessLookupError, PermissionError):
        if group.running() is None and leader is not None and claim.locked(folder):
            os.killpg(leader, number)
    for process in processes(folder):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.number, number)
