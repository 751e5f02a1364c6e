"""Runs a command for a notification: the event on its standard input, the main facts in environment variables."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from orchestrator.errors import NotNotifiedError
from orchestrator.ports import Notification
from orchestrator.system.os_errors import reason
from orchestrator.system.process_group import Marks, alive, kill, running, send
from orchestrator.system.terminal import one_line

#: Seconds that it may take; then all its processes are killed.
TIMEOUT = 30.0

#: Seconds that processes which it leaves behind have to end by themselves, and then after SIGTERM, before SIGKILL.
ALONE, ASKED = 2.0, 2.0

#: Seconds between two looks at them.
_LOOK = 0.02

#: The variable by which the processes of one call are known.
_MARK = "ORCHESTRATOR_RECEIVER_MARK"

#: How many bytes of the end of its output an error may quote.
_QUOTED = 300


def call(command: str | Sequence[str], event: bytes, about: Notification, folder: Path | None) -> str:
    """Run the command in ``folder``. A text is run by a shell. Raises NotNotifiedError unless it exits with 0.

    It is run again then, so nothing of it may be left: all that it started is ended, as far as it can be found
    (process_group.py). If it exits with 0, what is in a session of its own lives on.
    """
    mark = token_hex(16)
    marks = Marks({f"{_MARK}={mark}"})
    arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
        given.write(event)
        given.seek(0)
        try:
            process = subprocess.Popen(
                arguments,
                stdin=given,
                stdout=output,
                stderr=output,
                cwd=folder,
                env=os.environ | variables(about) | {_MARK: mark},
                start_new_session=True,
            )
        except OSError as error:
            raise NotNotifiedError(
                f"its command cannot be run: {error.filename or arguments[0]}: {reason(error)}"
            ) from error
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise NotNotifiedError(f"its command took longer than {TIMEOUT:g} s, and was killed") from None
        finally:
            if process.poll() is None:
                kill(process.pid, marks)
                process.wait()
            _end(process.pid, marks if process.returncode else None)
        if status:
            output.seek(max(0, output.seek(0, os.SEEK_END) - _QUOTED))
            last = one_line(output.read().decode(errors="replace")).strip()
            raise NotNotifiedError(f"its command exited with {status}{f': {last}' if last else ''}")
    return "exited with 0"


def _end(leader: int, marks: Marks | None) -> None:
    """End the processes that the command left; without ``marks``, those in its group and its session."""
    for seconds, number in ((ALONE, signal.SIGTERM), (ASKED, signal.SIGKILL)):
        until = time.monotonic() + seconds
        while alive(leader, marks):
            if time.monotonic() >= until:
                send(leader, number, running(), marks)
                break
            time.sleep(_LOOK)


def variables(about: Notification) -> dict[str, str]:
    """The environment variables of the command, besides those of this process."""
    step = about.data.get("step")
    told = {"id": about.id, "occasion": about.occasion, "graph": about.graph, "run": about.run, "text": about.text}
    found = {**told, "step": step if isinstance(step, str) else ""}
    return {f"ORCHESTRATOR_NOTIFICATION_{name.upper()}": value for name, value in found.items()}
