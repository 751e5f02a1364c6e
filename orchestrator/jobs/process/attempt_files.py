"""Reads the files in an attempt's folder without trusting them: the step's command can write there too.

Each file has a fixed form. Content of any other form was not written by us, and never counts as a success.
"""

import errno
import json
import re
from pathlib import Path
from typing import NamedTuple

from orchestrator.core.job_end import Outcome
from orchestrator.core.times import is_time
from orchestrator.system import files
from orchestrator.text import cut, quoted

#: How many bytes of a small file are read.
_SMALL = 1024 * 1024

#: A process's number, at most 2**22 on Linux. With 0 or 1 we would stop ourselves, or every process.
_NUMBER = re.compile(r"(?!1$)[1-9][0-9]{0,6}")

#: The outcomes of an attempt that was asked to stop. Success is not one of them.
_STOPPED = frozenset({Outcome.CANCELLED, Outcome.INTERRUPTED})

#: The causes of failure that a step may report itself.
_CAUSES = frozenset({"exit", "exception", "function", "outputs"})

#: Errors that mean that there is no file to read, however often it is tried.
_NONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES})


class Failure(NamedTuple):
    """Why a step failed, in its own words. ``permanent``: another attempt would fail the same way."""

    error: str
    cause: str
    permanent: bool


def group(folder: Path) -> int | None:
    """The number in ``pid``; None if there is none."""
    found = text(folder / "pid")
    return int(found) if _NUMBER.fullmatch(found) else None


def stop(folder: Path) -> tuple[Outcome, float] | None:
    """With which outcome the attempt was asked to stop, and when; None if it was not.

    Raises ValueError with a message if ``stopped`` was not written by us.
    """
    if not (found := text(folder / "stopped")):
        return None
    word, _, at = found.partition(" ")
    try:
        outcome, asked = Outcome(word), float(at)
    except ValueError:
        outcome, asked = Outcome.SUCCEEDED, 0.0
    if outcome in _STOPPED and is_time(asked):
        return outcome, asked
    raise ValueError(
        f"{folder / 'stopped'}: there is {quoted(found)} in it, which the orchestrator does not write: "
        "the step must leave that file alone"
    )


def failure(folder: Path) -> Failure | None:
    """The content of ``failure.json``; None if there is none, or it has another form."""
    try:
        told = json.loads(text(folder / "failure.json"))
        error, cause = told["error"], told["cause"]
        permanent = told["hopeless"] if "hopeless" in told else told["permanent"]  # as an older version called it
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if isinstance(error, str) and isinstance(cause, str) and cause in _CAUSES and isinstance(permanent, bool):
        return Failure(cut(error), cause, permanent)
    return None


def written(path: Path, now: float) -> float:
    """When a file was written. Its writer can set this time, so it is limited to the range from 0 to ``now``."""
    return min(max(0.0, path.stat().st_mtime), now)


def text(path: Path) -> str:
    """The text of a small file, up to a limit; "" if there is none. Raises OSError."""
    try:
        with files.reading(path) as file:
            return file.read(_SMALL).decode(errors="replace").strip()
    except OSError as error:
        if error.errno in _NONE:
            return ""
        raise
