"""Sends what users' code prints while it is imported to standard error, since programs read our standard output.

The streams are restored afterwards, even if users' code replaced them.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_LOCK = threading.Lock()
_HERE = threading.local()

#: The original streams, once for each thread that prints aside.
_KEPT: list[tuple[Any, Any]] = []


class _Switch:
    """Replaces ``sys.stdout``: the original stream for all threads but those that print aside."""

    def __init__(self, base: TextIO) -> None:
        self.base = base

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if getattr(_HERE, "aside", 0) else self.base, name)


@contextmanager
def printing_aside() -> Iterator[None]:
    """Inside, what this thread writes to ``sys.stdout`` goes to ``sys.stderr``; other threads are not affected."""
    with _LOCK:
        if not _KEPT:
            _KEPT.append((sys.stdout, sys.stderr))
            switch: Any = _Switch(sys.stdout)
            sys.stdout = switch
        else:
            _KEPT.append(_KEPT[0])
    _HERE.aside = getattr(_HERE, "aside", 0) + 1
    try:
        yield
    finally:
        _HERE.aside -= 1
        with _LOCK:
            streams = _KEPT.pop()
            if not _KEPT:
                sys.stdout, sys.stderr = streams
