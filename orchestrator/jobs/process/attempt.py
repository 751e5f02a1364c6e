"""Reads an attempt's folder: the process id, whether it was asked to stop, and how it ended.

``pid``: its shell's, which is also its group's. ``stopped``: that it was asked to stop, as which outcome and when; it
is written before the first signal, so that a crash in between forgets nothing. ``exit``: the exit status.
``failure.json``: why, from a step that knows better than its exit status. ``outputs.json``, ``log``: see outputs.py.
A command may write there too: attempt_files.py reads them.
"""

import json
from pathlib import Path

from orchestrator.core.model import Interruption, JobEnd, Outcome
from orchestrator.errors import OutputError
from orchestrator.jobs.outputs import last_line, read_outputs
from orchestrator.jobs.process import attempt_files
from orchestrator.jobs.process.wrapper import UNBEGUN
from orchestrator.system import files


def group_of(folder: Path) -> int | None:
    """The number of the attempt's process group; None if its shell has not come to write it down."""
    return attempt_files.group(folder)


def asked_to_stop(folder: Path) -> bool:
    """Whether ``stopped`` says anything, whoever wrote it."""
    return attempt_files.text(folder / "stopped") != ""


def ask_to_stop(folder: Path, outcome: Outcome, at: float) -> bool:
    """Write down that the attempt was asked to stop. Returns whether to insist: it was asked before, or has ended.

    From then on the stop decides how the attempt ended, and not the exit status, with which a command may say that it
    has stopped in good order. An interruption may become a cancelling, and never the other way round.
    """
    try:
        before = attempt_files.stop(folder)
    except ValueError:  # it was never asked by us
        before = None
    if before is None and (folder / "exit").is_file():
        return True
    if before is None or (before[0] is Outcome.INTERRUPTED and outcome is not Outcome.INTERRUPTED):
        files.write_whole(folder / "stopped", f"{outcome} {at!r}")
    return before is not None


def succeeded(folder: Path, code: int | None) -> bool:
    """Whether an attempt has succeeded, whose shell has ended; with ``code``, if that was seen."""
    return (attempt_files.text(folder / "exit") if code is None else str(code)) == "0" and not asked_to_stop(folder)


def told(folder: Path, code: int) -> bool:
    """Whether an attempt has told how it ended, whose shell was seen to end with ``code``; if not, it is told now.

    A shell that was killed, and not by us, tells nothing, nor does one whose disk is full or whose folder was removed.
    Its command is over all the same. As interrupted it would be started again, for ever if it is what does that.
    Nor is it a success because the command wrote so before.
    """
    try:
        if asked_to_stop(folder) or attempt_files.text(folder / "exit") not in (("",) if code == 0 else ("", "0")):
            return True
        files.write(folder / "exit", str(code if code >= 0 else 128 - code))
    except OSError:
        return False
    return True


def over(folder: Path, now: float, seen: int | None = None, gone: float | None = None, lived: bool = False) -> JobEnd:
    """How an attempt ended of which no process is left; ``now`` if nothing tells when.

    ``seen``: its exit status. ``gone``: when it was seen to end; ``lived``: it still ran before, and did not end with
    who drove it. A file's time is another clock's, which may be set.
    """
    code = attempt_files.text(folder / "exit")
    if seen is not None and code in ("", "0"):  # who wrote 0 there may have been the command
        code = str(seen if seen >= 0 else 128 - seen)
    at = gone if gone is not None else attempt_files.written(folder / "exit", now) if code else now
    try:
        stopped = attempt_files.stop(folder)
    except ValueError as error:
        return JobEnd(Outcome.FAILED, at, error=str(error), cause="exit")
    if stopped is not None:  # a file's time is some milliseconds late
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
    """Write down why the attempt is about to fail, as any other would."""
    files.write_whole(folder / "failure.json", json.dumps({"error": error, "cause": "exit", "permanent": True}))
