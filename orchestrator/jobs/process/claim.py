"""An attempt's claim: a file that is created locked. Only one launcher gets it; the lock shows that its job lives."""

import fcntl
import os
import threading
from pathlib import Path

from orchestrator.system import files, locks

#: How many bytes of the name are read: the command may have changed the file.
_NAME = 1024


def take(folder: Path, name: str) -> int | None:
    """The locked descriptor of an attempt's claim, or None if it is taken. It is locked before it can be seen.

    To be closed by ``locks.let_go``.
    """
    own = folder / f"claim.{os.getpid()}.{threading.get_ident()}"
    descriptor = locks.keep(files.opener(str(own), os.O_RDWR | os.O_CREAT | os.O_TRUNC))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(name.encode())
        os.link(own, folder / "claim")
    except FileExistsError:
        locks.let_go(descriptor)
        return None
    except BaseException:
        locks.let_go(descriptor)
        raise
    finally:
        own.unlink()
    return descriptor


def give_back(folder: Path) -> None:
    """Release a claim of ours under which nothing was started, so that the next launch can take it."""
    (folder / "claim").unlink(missing_ok=True)


def locked(folder: Path) -> bool:
    """Whether the shell that has the lock of this claim is still alive."""
    try:
        with files.reading(folder / "claim") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def name(folder: Path) -> str:
    """The job's name that the claim carries; "" if there is no claim."""
    try:
        with files.reading(folder / "claim") as file:
            return file.read(_NAME).decode(errors="replace")
    except FileNotFoundError:
        return ""
