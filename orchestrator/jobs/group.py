"""The processes of an attempt: those of the process group that its shell leads. Signals them and sees them gone.

An attempt that is stopped takes its whole session with it, where /proc tells which processes that are: ``timeout`` and
shells with job control put what they start into groups of their own. A process that leaves the session (a daemon, or
whatever ``setsid`` starts) is none of an attempt's. Which ones are is said here alone.

The shell leads its group and its session, so both have its number, and the system gives that to nobody else as long as
one process of them is left.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

#: Seconds that what a command leaves running gets to end by itself, and then to end after SIGTERM, before it is killed.
ALONE, ASKED = 2.0, 2.0

#: Seconds between two looks at processes that are to end.
_LOOK = 0.01

_PROC = Path("/proc")


class _Process(NamedTuple):
    number: int
    group: int
    session: int


def alive(leader: int, session: bool = False) -> bool:
    """Whether a process of the group can still run; or of the session, which takes a look at all processes there are.

    Those that we may not signal (``sudo``) are not counted.
    """
    known = _PROC.is_dir()
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return known and session and any(_of(leader, session))
    return not known or any(_of(leader, session))


def see_gone(leader: int, session: bool = False) -> None:
    """Return when none is left: they are given a moment, then asked to end, then killed."""
    began = time.monotonic()
    steps = [(ALONE, signal.SIGTERM), (ALONE + ASKED, signal.SIGKILL)]
    while alive(leader, session):
        if steps and time.monotonic() - began >= steps[0][0]:
            send(leader, steps.pop(0)[1], session)
        time.sleep(_LOOK)


def send(leader: int, number: int, session: bool = True) -> None:
    """Signal the processes of the session, or of the group alone, if there are any that we may signal."""
    others = {process.group for process in _of(leader, session)} if session else set[int]()
    for group in (leader, *(others - {leader})):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def left_behind(leader: int, variable: str, session: bool = False) -> bool:
    """Whether processes are left of an attempt whose shell ended while nobody watched.

    Its number may be somebody else's by now, so one of them must have ``variable``, ``NAME=value``, in its environment.
    Where there is no /proc nobody can tell, and nothing is said to be left.
    """
    if not _PROC.is_dir() or not alive(leader, session):
        return False
    return any(variable.encode() in _environment(process.number) for process in _of(leader, session))


def _of(leader: int, session: bool) -> Iterator[_Process]:
    for process in _running():
        if leader == (process.session if session else process.group):
            yield process


def _running() -> Iterator[_Process]:
    """All processes that are no zombies: where nobody reaps orphans, a zombie stays for ever. None without a /proc."""
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            state, _, group, session, *_ = stat.read_bytes().rpartition(b")")[2].split()
        except (OSError, ValueError):  # it has just ended
            continue
        if state not in (b"Z", b"X"):
            yield _Process(int(stat.parent.name), int(group), int(session))


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it has just ended, or is not ours
        return []
