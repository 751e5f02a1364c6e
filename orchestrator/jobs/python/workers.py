"""A pool of threads. A thread is woken or created only when one is missing."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from orchestrator.errors import BackendError


class Workers:
    """At most ``most`` threads, which end with ``close`` or with the process.

    Waking a thread costs more than a short piece of work. So only one is woken; it wakes the next when it has begun its
    piece and there are more.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._work: deque[Callable[[], None]] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        self._idle = 0
        self._threads = 0
        self._closed = False

    def close(self) -> None:
        """End the threads, each after the piece that it has begun. What is not begun by now is never begun."""
        with self._lock:
            self._closed = True
            self._work.clear()
            for _ in range(self._threads):
                self._bell.put(None)

    def do(self, piece: Callable[[], None]) -> None:
        """Let a thread call ``piece``, which must not raise. ``ready`` must have been called before."""
        self._work.append(piece)
        self._ring()

    def ready(self) -> None:
        """Make sure that there is at least one thread. Raises BackendError if none can be started now."""
        with self._lock:
            if self._threads:
                return
            self._threads, self._idle = 1, 0
            try:
                self._start()
            except RuntimeError as error:
                self._threads = 0
                raise BackendError(f"{self._name} cannot be started now, and will be tried again: {error}") from error

    def _start(self) -> None:
        threading.Thread(target=self._live, name=f"{self._name} {self._threads}", daemon=True).start()

    def _ring(self) -> None:
        """Make sure that an idle thread is coming, unless one was called before and has not come yet."""
        with self._lock:
            if self._rung:
                return
            self._rung = True
            if self._idle or self._threads == self._most:
                self._bell.put(None)
                return
            self._threads += 1
            try:
                self._start()
            except RuntimeError:  # there can be no more of them now: one of those there are does it when it is done
                self._threads -= 1
                self._bell.put(None)

    def _live(self) -> None:
        while not self._closed:
            self._rung = False
            self._drain()
            with self._lock:
                self._idle += 1
            self._bell.get()
            with self._lock:
                self._idle -= 1

    def _drain(self) -> None:
        while self._work:
            try:
                piece = self._work.popleft()
            except IndexError:  # another one was quicker
                return
            if self._work:
                self._ring()
            piece()
