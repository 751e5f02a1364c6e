"""What a thread prints while it reads users' code: it goes to standard error, and not among what we say to programs."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_LOCK = threading.Lock()
_HERE = threading.local()


class _Switch:
    """In the place of ``sys.stdout``: that stream for all threads but those that print aside."""

    def __init__(self, base: TextIO) -> None:
        self.base = base
        self.users = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if getattr(_HERE, "aside", 0) else self.base, name)


@contextmanager
def printing_aside() -> Iterator[None]:
    """Inside, what this thread writes to ``sys.stdout`` goes to ``sys.stderr``; other threads see no difference."""
    with _LOCK:
        found: Any = sys.stdout
        switch: Any = found if isinstance(found, _Switch) else _Switch(found)
        sys.stdout = switch
        switch.users += 1
    _HERE.aside = getattr(_HERE, "aside", 0) + 1
    try:
        yield
    finally:
        _HERE.aside -= 1
        with _LOCK:
            switch.users -= 1
            if not switch.users and sys.stdout is switch:
                sys.stdout = switch.base
