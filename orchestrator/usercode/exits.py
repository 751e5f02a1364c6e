"""Keeps users' code from ending this process by ``os._exit`` or ``os.exec…``.

After these nothing is left to report how the work ended, and an exit code of 0 would report success.
"""

import os
from collections.abc import Callable
from typing import Any, NoReturn

#: Python's own functions; the other ``os.exec…`` call one of these.
_ENDS: dict[str, Callable[..., NoReturn]] = {"_exit": os._exit, "execv": os.execv, "execve": os.execve}


def stay() -> None:
    """From now on they raise RuntimeError in this process; in processes that it forks they work."""
    process = os.getpid()
    for name, end in _ENDS.items():
        setattr(os, name, _refusing(name, end, process))


def free() -> None:
    """Undo ``stay``."""
    for name, end in _ENDS.items():
        setattr(os, name, end)


def leave(code: int) -> None:
    """End with ``code`` from now on, even if a handler of ``atexit`` calls ``os._exit``."""
    process, end = os.getpid(), _ENDS["_exit"]
    setattr(os, "_exit", lambda status: end(code if os.getpid() == process else status))  # noqa: B010 - no such lambda


def _refusing(name: str, end: Callable[..., NoReturn], process: int) -> Callable[..., NoReturn]:
    def refused(*args: Any) -> NoReturn:
        if os.getpid() == process:
            raise RuntimeError(f"os.{name} would end the orchestrator and all that it runs: raise SystemExit instead")
        end(*args)

    return refused
