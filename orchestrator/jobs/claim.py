"""An attempt's claim: a file that is born locked. Of many who take it one gets it, and its lock tells who lives."""

import fcntl
import os
import threading
from pathlib import Path


def take(folder: Path, name: str) -> int | None:
    """The locked descriptor of an attempt's claim, or None if it is taken. It is locked before it can be seen."""
    own = folder / f"claim.{os.getpid()}.{threading.get_ident()}"
    descriptor = os.open(own, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, name.encode())
        os.link(own, folder / "claim")
    except FileExistsError:
        os.close(descriptor)
        return None
    finally:
        own.unlink()
    return descriptor


def held(folder: Path) -> bool:
    """Whether the shell that was given the claim of this attempt still lives."""
    try:
        with (folder / "claim").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def until_free(folder: Path) -> None:
    """Return when that shell is gone, or at once if somebody has removed the folder: there is nothing to wait for."""
    try:
        with (folder / "claim").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return


def name(folder: Path) -> str:
    """The job's name that the claim carries; "" if there is no claim."""
    try:
        return (folder / "claim").read_text()
    except FileNotFoundError:
        return ""
