"""The processes of an attempt: those of the process group that its shell leads. Signals them and sees them gone.

A process that leaves the group (a daemon, or whatever ``setsid`` starts) is none of them. Which ones are is said here
alone. A group's number is its leader's, and the system gives it to nobody else as long as one process of it is left.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: Seconds that what a command leaves running gets to end by itself, and then to end after SIGTERM, before it is killed.
ALONE, ASKED = 2.0, 2.0

#: Seconds between two looks at a group that is to end.
_LOOK = 0.01

_PROC = Path("/proc")


def alive(group: int) -> bool:
    """Whether a process of the group can still run. Those that we may not signal (``sudo``) are not counted."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return not _PROC.is_dir() or any(_members(group))


def see_gone(group: int) -> None:
    """Return when no process of the group is left: they are given a moment, then asked to end, then killed."""
    began = time.monotonic()
    steps = [(ALONE, signal.SIGTERM), (ALONE + ASKED, signal.SIGKILL)]
    while alive(group):
        if steps and time.monotonic() - began >= steps[0][0]:
            send(group, steps.pop(0)[1])
        time.sleep(_LOOK)


def send(group: int, number: int) -> None:
    """Signal the processes of the group, if there are any that we may signal."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def left_behind(group: int, variable: str) -> bool:
    """Whether processes of a group are left whose leader ended while nobody watched.

    Its number may be somebody else's by now, so one of them must have ``variable``, ``NAME=value``, in its environment.
    Where there is no /proc nobody can tell, and nothing is said to be left.
    """
    if not _PROC.is_dir() or not alive(group):
        return False
    return any(variable.encode() in _environment(pid) for pid in _members(group))


def _members(group: int) -> Iterator[int]:
    """The processes of the group that are no zombies: where nobody reaps orphans, a zombie stays for ever."""
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            state, _, owner, *_ = stat.read_bytes().rpartition(b")")[2].split()
        except (OSError, ValueError):  # it has just ended
            continue
        if int(owner) == group and state not in (b"Z", b"X"):
            yield int(stat.parent.name)


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it has just ended, or is not ours
        return []
