"""Finds and signals the processes of an attempt, or of a receiver's command. Only this module says which those are.

To an attempt belong the processes of the group and the session that its shell leads (``timeout`` and shells with job
control create their own groups within the session), those that have one of its ``marks`` in their environment, and all
descendants of these. So daemons are found, and what ``setsid`` starts. A process that has left the session, cleared its
environment and lost its parent cannot be found.

The shell leads its group and its session, so both have its number, and the system does not reuse this number as long as
one of their processes is left. Without /proc, all that can be found out is whether the group exists.
"""

import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")

#: The states of processes that have ended but were not reaped. Where nothing reaps orphans, they stay forever.
_ENDED = (b"Z", b"X")


#: Variables with their values that no process of another attempt has.
Marks = frozenset[str]


class Process(NamedTuple):
    number: int
    parent: int
    group: int
    session: int


def running(after: int = 0) -> Sequence[Process] | None:
    """All processes that can still run; None if there is no /proc.

    ``after``: only those that began after the process of this number, which began not long ago. Numbers are assigned in
    ascending order, until they start again.
    """
    if not _PROC.is_dir():
        return None
    if after and int(_last_number() or 0) < after:
        after = 0
    found = []
    for name in os.listdir(_PROC):
        if name.isdigit() and int(name) >= after and (stat := _read(name, "stat")):
            state, parent, group, session = stat.rpartition(b")")[2].split()[:4]
            if state not in _ENDED:
                found.append(Process(int(name), int(parent), int(group), int(session)))
    return found


def _last_number() -> bytes:
    """The number of the newest process, see proc_loadavg(5)."""
    return _read("loadavg", "").rpartition(b" ")[2]


def members(leader: int, marks: Marks | None, known: Sequence[Process], certain: bool = True) -> list[Process]:
    """The processes of an attempt among ``known``; without ``marks``, only those of its shell's group and session.

    ``certain``: the shell's number was not reused. If that is not known, one of the processes must have a mark.
    """
    found = {process.number: process for process in known if leader in (process.group, process.session)}
    if marks is not None:
        sought = set(map(os.fsencode, marks))
        marked = {it.number: it for it in known if not sought.isdisjoint(_environment(it.number))}
        if not certain and not found.keys() & marked.keys():
            found = {}
        found |= marked | _started_by({*found, *marked, *([leader] if certain else [])}, known)
    found.pop(os.getpid(), None)
    return list(found.values())


def send(leader: int, number: int, known: Sequence[Process] | None, marks: Marks | None) -> None:
    """Signal all processes of an attempt that we may signal; those of the group all at once, so that none escapes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
    for process in members(leader, marks, known) if known is not None else ():
        if process.group != leader:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.number, number)


def group_alive(leader: int) -> bool:
    """Whether the group has a process that we may signal. On macOS we may not signal a group of zombies."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def alive(leader: int, marks: Marks | None = None) -> bool:
    """Whether a process of an attempt can still run. Its shell's number must not have been reused."""
    known = running()
    return group_alive(leader) if known is None else bool(ours(members(leader, marks, known)))


def left_behind(leader: int, marks: Marks, daemons: bool = True) -> bool:
    """Whether processes are left of an attempt whose shell ended unobserved. ``daemons``: whether these count too.

    The shell's number may have been reused, so one of the processes must have a mark. Without /proc this cannot be
    found out, and the answer is no.
    """
    found = ours(members(leader, marks, running() or (), certain=False))
    return any(daemons or leader in (process.group, process.session) for process in found)


def kill(leader: int, marks: Marks) -> None:
    """Kill all processes of an attempt."""
    send(leader, signal.SIGKILL, running(), marks)


def ours(found: Iterable[Process]) -> list[Process]:
    """Those that we may signal. A process that changed its user (``sudo``) is not waited for."""
    may = []
    for process in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.number, 0)
            may.append(process)
    return may


def variables() -> Marks:
    """All variables, with their values, of all processes that can still run and whose environment we may read."""
    found = (one.decode(errors="surrogateescape") for it in running() or () for one in _environment(it.number))
    return Marks(found)


def _started_by(roots: set[int], known: Sequence[Process]) -> dict[int, Process]:
    """All descendants of ``roots``, as far as their parents are still alive."""
    children: dict[int, list[Process]] = {}
    for process in known:
        children.setdefault(process.parent, []).append(process)
    found: dict[int, Process] = {}
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.number not in found:
                found[child.number] = child
                waiting.append(child.number)
    return found


def _environment(number: int) -> list[bytes]:
    return _read(str(number), "environ").split(b"\0")


def _read(number: str, name: str) -> bytes:
    """A file of a process; empty if the process has just ended, or we may not read it."""
    try:
        with open(f"{_PROC}/{number}/{name}".rstrip("/"), "rb", buffering=0) as file:
            return file.read() or b""
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
