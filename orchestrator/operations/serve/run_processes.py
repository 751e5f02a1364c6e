"""Processes that each drive a scheduled run. They go on when the server ends, and Ctrl-C does not reach them."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import IO

from orchestrator.home import Home
from orchestrator.operations.serve.server import Ended
from orchestrator.operations.serve.timetable import Start

#: How many bytes of the errors of a process are read, at their end.
_TAIL = 4096


class RunProcesses:
    """Each runs this program's command line. ``heard`` gets the end of each."""

    def __init__(self, home: Home, heard: "SimpleQueue[Ended | None]") -> None:
        self._home, self._heard = home, heard

    def start(self, start: Start) -> None:
        """As ``Processes`` says. Raises OSError."""
        self._run(start.run_id, ["run", str(start.path), "--due", start.due])

    def resume(self, run_id: str) -> None:
        """As ``Processes`` says. Raises OSError."""
        self._run(run_id, ["resume", run_id])

    def _run(self, run_id: str, arguments: Sequence[str]) -> None:
        # -P: nothing in the current folder is taken for a module
        command = [sys.executable, "-P", "-m", "orchestrator", *arguments, "--home", str(self._home.path)]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the thread that waits for the process
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )
        except OSError:
            errors.close()
            raise
        threading.Thread(target=self._wait, args=(run_id, process, errors), daemon=True).start()

    def _wait(self, run_id: str, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        code = process.wait()
        with errors:
            errors.seek(max(errors.seek(0, 2) - _TAIL, 0))
            lines = errors.read().decode(errors="replace").strip().splitlines()
        self._heard.put(Ended(run_id, code, lines[-1] if lines else ""))
