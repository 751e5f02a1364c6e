"""Finds and signals the processes of an attempt. Only this module decides which ones belong to it.

Of an attempt are the processes of the group and of the session that its shell leads: what ``timeout`` and shells with
job control start has groups of its own. Also those that carry one of its ``marks`` in their environment, and all
whom these have started: so daemons are found, and what ``setsid`` starts. What left the session, dropped its
environment and lost its parent is found by nobody.

The shell leads its group and its session, so both have its number, and the system gives that to nobody else as long as
one process of them is left. Without a /proc nobody can tell more than whether there is a group.
"""

import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")

#: Processes that have ended, and that nobody has reaped: where nobody reaps orphans, they stay for ever.
_ENDED = (b"Z", b"X")


#: Variables with their values, each of which no process of another attempt has.
Marks = frozenset[str]


class Process(NamedTuple):
    number: int
    parent: int
    group: int
    session: int


def running(after: int = 0) -> Sequence[Process] | None:
    """All processes there are that can still run; None where there is no /proc.

    ``after``: only those that began after the process of this number, which it did not long ago. Numbers are given in
    their order, until they begin anew.
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
    """Those of an attempt among ``known``; where there are no ``marks``, of its shell's group and session alone.

    ``certain``: the number of its shell is nobody else's. If that is not so, one of them must carry a mark.
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
    """Signal all processes of an attempt that we may signal; those of the group at once, so that none slips away."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
    for process in members(leader, marks, known) if known is not None else ():
        if process.group != leader:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.number, number)


def group_alive(leader: int) -> bool:
    """Whether there is a process of the group that we may signal: macOS says that we may not, of a group of zombies."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def alive(leader: int, marks: Marks | None = None) -> bool:
    """Whether a process of an attempt can still run, whose shell's number is certainly its own."""
    known = running()
    return group_alive(leader) if known is None else bool(ours(members(leader, marks, known)))


def left_behind(leader: int, marks: Marks, daemons: bool = True) -> bool:
    """Whether processes are left of an attempt whose shell ended while nobody watched. ``daemons``: they count too.

    Its number may be somebody else's by now, so one of them must carry a mark. Where there is no /proc nobody can
    tell, and nothing is said to be left.
    """
    found = ours(members(leader, marks, running() or (), certain=False))
    return any(daemons or leader in (process.group, process.session) for process in found)


def kill(leader: int, marks: Marks) -> None:
    """End an attempt, now."""
    send(leader, signal.SIGKILL, running(), marks)


def ours(found: Iterable[Process]) -> list[Process]:
    """Those that we may signal: who changed its user (``sudo``) is not waited for."""
    may = []
    for process in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.number, 0)
            may.append(process)
    return may


def _started_by(roots: set[int], known: Sequence[Process]) -> dict[int, Process]:
    """All that ``roots`` have started, and what these have, as far as parents still live."""
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
    """A file of a process; nothing if it has just ended, or is not ours to read."""
    try:
        with open(f"{_PROC}/{number}/{name}".rstrip("/"), "rb", buffering=0) as file:
            return file.read() or b""
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
