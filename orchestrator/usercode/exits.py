"""A process ends when it has done its work, and with its own exit code. Users' code, which it reads and runs, can ask
for another end: ``os._exit`` and ``os.exec…`` leave nothing that could say how it went, and 0 says that all went well.
"""

import os
from collections.abc import Callable
from typing import Any, NoReturn

#: As Python has them. The rest of the family ends in one of these.
_ENDS: dict[str, Callable[..., NoReturn]] = {"_exit": os._exit, "execv": os.execv, "execve": os.execve}


def stay() -> None:
    """From now on this process, and none that it forks, refuses them with a sentence, as an error of who asks."""
    process = os.getpid()
    for name, end in _ENDS.items():
        setattr(os, name, _refusing(name, end, process))


def free() -> None:
    """They do again what they are for."""
    for name, end in _ENDS.items():
        setattr(os, name, end)


def leave(code: int) -> None:
    """It is over, and ``code`` says how it went: so it does whoever ends the process, such as what ``atexit`` calls."""
    process, end = os.getpid(), _ENDS["_exit"]
    setattr(os, "_exit", lambda status: end(code if os.getpid() == process else status))  # noqa: B010 - no such lambda


def _refusing(name: str, end: Callable[..., NoReturn], process: int) -> Callable[..., NoReturn]:
    def refused(*args: Any) -> NoReturn:
        if os.getpid() == process:
            raise RuntimeError(f"os.{name} would end the orchestrator, and all that it runs: raise SystemExit instead")
        end(*args)

    return refused
