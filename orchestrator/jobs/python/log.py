"""The log of a python step: a file that is created when the first of its threads writes to it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from orchestrator.system import files


class Log:
    """Takes text and bytes. After ``close`` they are still written: a step may leave threads behind."""

    def __init__(self, path: Callable[[], Path]) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._closed = False
        self._lock = threading.RLock()

    def write(self, text: str) -> None:
        """Text in UTF-8. A line is in the file when it is whole."""
        self.write_bytes(text.encode("utf-8", "backslashreplace"), flush="\n" in text)

    def write_bytes(self, data: bytes, flush: bool = True) -> None:
        with self._lock:
            file = self._opened()
            file.write(data)
            if flush:
                file.flush()
            self._put_away()

    def flush(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.flush()

    def fileno(self) -> int:
        """A descriptor for a child process; it is good until the step has ended."""
        with self._lock:
            file = self._opened()
            file.flush()
            return file.fileno()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._put_away()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            path = self._path()
            files.make_folder(path.parent)
            self._file = open(path, "ab", opener=files.opener)  # noqa: SIM115 - closed by ``close``
        return self._file

    def _put_away(self) -> None:
        if self._closed and self._file is not None:
            self._file.close()
            self._file = None
