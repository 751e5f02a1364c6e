"""Notices the end of commands, in one thread for all of them, and ends the processes that they leave behind.

The thread exists before the first command is launched and needs no further resources. What it cannot do for lack of
descriptors, memory or disk space it tries again in the next round.

An attempt has ended when its shell is gone and none of its processes is left (group.py). Processes that are left get a
moment to end by themselves, then SIGTERM, then SIGKILL. If the attempt succeeded, processes with their own session,
such as a server, may keep running; otherwise all are ended.
"""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

from orchestrator.errors import BackendError
from orchestrator.jobs.process import attempt, claim
from orchestrator.jobs.process.environment import marks
from orchestrator.jobs.process.shortage import is_short
from orchestrator.ports import Clock
from orchestrator.system import process_group as group

#: How long processes that a command left running have to end by themselves, and then after SIGTERM, before SIGKILL.
ALONE, ASKED = 2.0, 2.0

#: Seconds between two rounds: if the system notifies us of ends, and if processes have to be polled.
_IDLE, _LOOK = 0.05, 0.01

#: Seconds in which process numbers cannot start again: what a younger command started has higher numbers than itself.
_YOUNG = 10.0


@dataclass(eq=False)
class Watched:
    """An attempt, its ``process`` if it was started here, and what is known about it.

    ``insist``: an earlier process asked it to stop. ``lived``: it was running when it was adopted. ``code``: the exit
    status of its shell, if its end was seen; negative if a signal ended it. ``began``, ``gone``: monotonic times.
    ``alive``, ``seen``: the times, in seconds since the epoch, at which the shell was last known to run, and at which
    it was first seen to be gone. They lie far apart if this process stood still, or the machine slept.
    ``asked``: how often the processes that are left were signalled. ``bell``: a descriptor that becomes readable when
    the shell is gone.
    """

    job: str
    name: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    insist: bool = False
    lived: bool = False
    began: float = 0.0
    code: int | None = None
    gone: float | None = None
    alive: float = 0.0
    seen: float = 0.0
    asked: int = 0
    bell: int | None = None

    def see_alive(self, at: float) -> None:
        """Note that the shell was running at ``at``, unless it is known to be gone."""
        if self.gone is None:
            self.alive = max(self.alive, at)

    def since_gone(self) -> float:
        """Seconds since its shell ended; 0 while it is running."""
        return 0.0 if self.gone is None else time.monotonic() - self.gone

    @property
    def leader(self) -> int | None:
        """The number of its shell; None if it has not written it."""
        return self.process.pid if self.process is not None else attempt.group_of(self.folder)


class Watcher:
    """Calls ``ended``, which must not raise, with each attempt that has ended."""

    def __init__(self, ended: Callable[[Watched], None], clock: Clock) -> None:
        self._ended = ended
        self._clock = clock
        self._lock = threading.Condition()
        self._watched: list[Watched] = []
        self._thread: threading.Thread | None = None
        self._bells: select.epoll | None = None
        self._closed = False

    def close(self) -> None:
        """End the thread, after the attempts that it still watches."""
        with self._lock:
            self._closed = True
            self._lock.notify()

    def ready(self) -> None:
        """Start the thread if there is none. Raises BackendError if that is impossible now."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._live, name="watch commands", daemon=True)
                try:
                    self._bells = select.epoll() if hasattr(os, "pidfd_open") else None
                    thread.start()
                except (OSError, RuntimeError) as error:
                    raise BackendError(f"commands cannot be watched now: {error}") from error
                self._thread = thread

    def watch(self, it: Watched) -> None:
        """Watch an attempt from now on. ``ready`` must have been called before."""
        if it.process is not None and self._bells is not None:
            with suppress(OSError):  # no descriptor is left: it is polled instead
                it.bell = os.pidfd_open(it.process.pid)
                self._bells.register(it.bell, select.EPOLLIN)
        it.began, it.alive = time.monotonic(), self._clock()
        with self._lock:
            self._watched.append(it)
            self._lock.notify()

    def _live(self) -> None:
        while True:
            with self._lock:
                while not (self._watched or self._closed):
                    self._lock.wait()
                if not self._watched:
                    break
                watched = list(self._watched)
            looked = self._clock()
            rung = self._wait(_LOOK if any(it.bell is None for it in watched) else _IDLE)
            over = _Look([it for it in watched if it.bell is None or it.bell in rung], self._silence, self._clock).over
            for it in watched:
                it.see_alive(looked)
            with self._lock:
                self._watched = [it for it in self._watched if it not in over]
            for it in over:
                self._ended(it)
        if self._bells is not None:
            self._bells.close()

    def _wait(self, seconds: float) -> set[int]:
        """The bells of shells that have ended."""
        if self._bells is None:
            time.sleep(seconds)
            return set()
        return {bell for bell, _ in self._bells.poll(seconds)}

    def _silence(self, it: Watched) -> None:
        if it.bell is not None and self._bells is not None:
            self._bells.unregister(it.bell)
            os.close(it.bell)
            it.bell = None


class _Look:
    """One round over some attempts, which lists processes only if needed. ``over``: the attempts that have ended."""

    def __init__(self, watched: Sequence[Watched], silence: Callable[[Watched], None], clock: Clock) -> None:
        self._known: Sequence[group.Process] | None = None
        self._looked = False
        for it in watched:
            if it.gone is None and _found(_shell_is_gone, it):
                silence(it)
                it.gone, it.seen = time.monotonic(), clock()
        self._ending = [it for it in watched if it.gone is not None]
        self.over = [it for it in self._ending if _found(self._nothing_is_left, it)]

    def _nothing_is_left(self, it: Watched) -> bool:
        leader = it.leader
        if leader is None:
            return True
        known_by = None if attempt.succeeded(it.folder, it.code) else marks(it.folder)
        known = self._processes()
        left = group.ours(group.members(leader, known_by, known)) if known is not None else group.group_alive(leader)
        if left and it.since_gone() >= (ALONE, ALONE + ASKED, inf)[it.asked]:
            group.send(leader, (signal.SIGTERM, signal.SIGKILL)[it.asked], known, known_by)
            it.asked += 1
        return not left

    def _processes(self) -> Sequence[group.Process] | None:
        if not self._looked:
            young = all(it.process is not None and time.monotonic() - it.began < _YOUNG for it in self._ending)
            leaders = [it.process.pid for it in self._ending if it.process is not None]
            self._known, self._looked = group.running(min(leaders) if young else 0), True
        return self._known


def _found(look: Callable[[Watched], bool], it: Watched) -> bool:
    """The result of ``look``. If it raises: False for a shortage, so that it is tried again, otherwise True.

    In the latter case ``status`` reports the reason.
    """
    try:
        return look(it)
    except (OSError, MemoryError) as error:
        return not is_short(error)


def _shell_is_gone(it: Watched) -> bool:
    """Whether the shell has ended. It is not reaped yet, so that its number is not reused while processes are left."""
    if it.process is None:
        gone = not claim.locked(it.folder)
        if it.insist and not gone and (leader := it.leader) is not None:
            group.kill(leader, marks(it.folder))
            it.insist = False
        return gone
    if not hasattr(os, "waitid"):  # macOS, before Python 3.13
        it.code = it.process.poll()
        return it.code is not None
    try:
        ended = os.waitid(os.P_PID, it.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # a python step has reaped all children
        it.code = -signal.SIGKILL
        return True
    if ended is None:
        return False
    it.code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    return True
