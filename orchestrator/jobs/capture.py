"""Sends what a thread prints to a file of its own. Other threads print where they always did."""

import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO


class Capture:
    """Takes the place of ``sys.stdout`` and ``sys.stderr``; a log file appears with the first thing that is written."""

    def __init__(self) -> None:
        self._current = threading.local()
        sys.stdout = _Switch(sys.stdout, self._current)
        sys.stderr = _Switch(sys.stderr, self._current)

    @contextmanager
    def to(self, path: Callable[[], Path]) -> Iterator[Callable[[str], None]]:
        """While inside, this thread prints into the file ``path()``, if it does. Gives a function that writes there."""
        log = _Log(path)
        self._current.log = log
        try:
            yield log.write
        finally:
            self._current.log = None
            log.close()


class _Log:
    """A file that is made when something is written to it."""

    def __init__(self, path: Callable[[], Path]) -> None:
        self._path = path
        self._file: TextIO | None = None

    def write(self, text: str) -> None:
        if self._file is None:
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", errors="replace", buffering=1)
        self._file.write(text)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _Switch(io.TextIOBase):
    """A text stream that asks which thread is writing."""

    def __init__(self, stream: TextIO, current: threading.local) -> None:
        self._stream = stream
        self._current = current

    def write(self, text: str) -> int:
        log: _Log | None = getattr(self._current, "log", None)
        if log is None:
            return self._stream.write(text)
        log.write(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    @property
    def buffer(self) -> BinaryIO:
        """Bytes go where they always did: they bypass the log of a thread."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding
