"""A deployed function as a process of functions-framework. It does not outlive this process, even if that is killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.system.leash import leashed

#: The functions are beside the package, as in the deployed archive.
MAIN = Path(__file__).resolve().parents[2] / "functions" / "main.py"

#: Seconds for a function to listen. One that takes this long hangs.
TIMEOUT = 120.0


class Function:
    """One deployed function as a process of functions-framework, which may be killed and started again."""

    def __init__(self, target: str, kind: str, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._target, self._port = target, port
        self._command = [sys.executable, "-P", "-m", "functions_framework", f"--target={target}", f"--source={MAIN}"]
        self._command += [f"--signature-type={kind}", "--host=127.0.0.1", f"--port={port}"]
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(MAIN.parents[1])}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens. Raises OrchestratorError if it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                leashed(self._command),
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + TIMEOUT
        while self._process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            self._pause.wait(0.02)
        raise OrchestratorError(f"the function {self._target} did not start: {self._said()}")

    def _said(self) -> str:
        """The last line of its log, which is deleted with the rehearsal."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def kill(self) -> None:
        """``kill -9`` the server and its workers, as a platform may do at any time."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has already ended
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    _pause = threading.Event()


def free_port() -> int:
    """A free port on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
