"""Reads an attempt's folder: the process id, whether it was asked to stop, and how it ended.

``pid``: the number of its shell, which is also its process group. ``stopped``: with which outcome and when it was
asked to stop; this is written before the first signal, so that a crash in between loses nothing. ``exit``: the exit
status. ``failure.json``: the reason, from a step that knows more than its exit status. ``outputs.json``, ``log``: see
outputs.py. The command can write there too, so attempt_files.py reads these files with care.
"""

import json
import time
from pathlib import Path

from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.errors import OutputError
from orchestrator.jobs.outputs import last_line, read_outputs
from orchestrator.jobs.process import attempt_files
from orchestrator.jobs.process.wrapper import UNBEGUN
from orchestrator.system import files


def group_of(folder: Path) -> int | None:
    """The number of the attempt's process group; None if its shell has not written it."""
    return attempt_files.group(folder)


def asked_to_stop(folder: Path) -> bool:
    """Whether ``stopped`` has any content, even if the command wrote it."""
    return attempt_files.text(folder / "stopped") != ""


def ask_to_stop(folder: Path, outcome: Outcome, at: float) -> bool:
    """Record that the attempt was asked to stop. Returns whether to use force: it was asked before, or has ended.

    From then on the request decides how the attempt ended, whatever its exit status: a command that stops in good
    order may exit with 0. An interruption can become a cancellation, but not the reverse.
    """
    try:
        before = attempt_files.stop(folder)
    except ValueError:  # not written by us
        before = None
    if before is None and (folder / "exit").is_file():
        return True
    if before is None or (before[0] is Outcome.INTERRUPTED and outcome is not Outcome.INTERRUPTED):
        files.write_whole(folder / "stopped", f"{outcome} {at!r}")
    return before is not None


def succeeded(folder: Path, code: int | None) -> bool:
    """Whether an attempt whose shell has ended has succeeded. ``code``: the exit status, if it was seen."""
    return (attempt_files.text(folder / "exit") if code is None else str(code)) == "0" and not asked_to_stop(folder)


def told(folder: Path, code: int) -> bool:
    """Make sure that ``exit`` says how an attempt ended whose shell ended with ``code``. False if that is impossible.

    A shell that something else killed writes nothing, nor does one whose disk is full or whose folder was removed. Its
    command has ended all the same: as interrupted it would be started again, forever if it is the cause. It is not a
    success either, even if the command wrote one there before.
    """
    try:
        if asked_to_stop(folder) or attempt_files.text(folder / "exit") not in (("",) if code == 0 else ("", "0")):
            return True
        files.write(folder / "exit", str(code if code >= 0 else 128 - code))
    except OSError:
        return False
    return True


def ended_at(folder: Path, alive: float, seen: float, now: float) -> float:
    """When an attempt ended that was running at ``alive``, and seen to have ended at ``seen``. ``now``: our clock's.

    If this process stood still in between, only the time of the file ``exit`` says when. It is from the system's clock,
    which can be changed, so only its age counts, and only within these limits.
    """
    try:
        age = time.time() - attempt_files.written(folder / "exit", time.time())
    except OSError:  # there is none, or it cannot be read: the end is known by its being seen
        return seen
    return min(max(now - age, alive), seen)


def over(folder: Path, now: float, seen: int | None = None, gone: float | None = None, lived: bool = False) -> JobEnd:
    """How an attempt ended that has no processes left. Its end is ``now`` if nothing says when it was.

    ``seen``: its exit status. ``gone``: when it was seen to end. ``lived``: it survived the process that drove the run.
    A file's time is from another clock, which can be changed.
    """
    code = attempt_files.text(folder / "exit")
    if seen is not None and code in ("", "0"):  # the command itself may have written 0
        code = str(seen if seen >= 0 else 128 - seen)
    at = gone if gone is not None else attempt_files.written(folder / "exit", now) if code else now
    try:
        stopped = attempt_files.stop(folder)
    except ValueError as error:
        return JobEnd(Outcome.FAILED, at, error=str(error), cause="exit")
    if stopped is not None:  # a file's time is a few milliseconds late
        return JobEnd(stopped[0], max(at, stopped[1]), interruption=Interruption.ASKED)
    if not code or code == UNBEGUN:
        vanished = not code and lived
        return JobEnd(Outcome.INTERRUPTED, at, interruption=Interruption.VANISHED if vanished else Interruption.LOST)
    if code == "0":
        try:
            return JobEnd(Outcome.SUCCEEDED, at, read_outputs(folder / "outputs.json"))
        except OutputError as error:
            return JobEnd(Outcome.FAILED, at, error=str(error), cause="outputs", permanent=True)
    if (failure := attempt_files.failure(folder)) is not None:
        return JobEnd(Outcome.FAILED, at, error=failure.error, cause=failure.cause, permanent=failure.permanent)
    last = last_line(folder / "log")
    said = f"exit status {code:.20}" + (f": {last}" if last else "")
    return JobEnd(Outcome.FAILED, at, error=said, cause="exit")


def fail(folder: Path, error: str) -> None:
    """Record why this attempt, and any further one, must fail."""
    files.write_whole(folder / "failure.json", json.dumps({"error": error, "cause": "exit", "permanent": True}))
