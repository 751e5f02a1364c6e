"""Reads the files in an attempt's folder without trusting them: the step's command can write there too.

Each file has its form. What has another is no word of ours, and never makes a success of anything.
"""

import errno
import json
import re
from pathlib import Path
from typing import NamedTuple

from orchestrator.core.model import Outcome
from orchestrator.core.times import is_time
from orchestrator.system import files
from orchestrator.text import cut, quoted

#: The bytes that are read of a small file.
_SMALL = 1024 * 1024

#: A process's number: Linux has at most 2**22 of them. Whoever wrote 0 or 1 would have us stop ourselves, or everybody.
_NUMBER = re.compile(r"(?!1$)[1-9][0-9]{0,6}")

#: How an attempt that was asked to stop ends. It never succeeds by that.
_STOPPED = frozenset({Outcome.CANCELLED, Outcome.INTERRUPTED})

#: The classes of failure that a step may tell of itself.
_CAUSES = frozenset({"exit", "exception", "function", "outputs"})

#: What reading a file raises where there is none to read, however often it is tried.
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
    """As what the attempt was asked to stop, and when; None if it was not.

    Raises ValueError with a sentence if somebody else wrote ``stopped``.
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
    """What ``failure.json`` says; None if there is none, or another than ours."""
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
    """When a file was written, which its writer can set: at no time that there is not, nor after ``now``."""
    return min(max(0.0, path.stat().st_mtime), now)


def text(path: Path) -> str:
    """The text of a small file, "" if there is none, and as much of it as can be meant. Raises OSError."""
    try:
        with files.reading(path) as file:
            return file.read(_SMALL).decode(errors="replace").strip()
    except OSError as error:
        if error.errno in _NONE:
            return ""
        raise
