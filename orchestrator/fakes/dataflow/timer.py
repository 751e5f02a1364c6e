"""What happens over time in the fake of Dataflow: a thread for planned actions, and the programs of jobs."""

import contextlib
import heapq
import itertools
import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.fakes.dataflow.script import Ended, Script
from orchestrator.system.leash import leashed

log = logging.getLogger(__name__)

#: How much of a program's output becomes the error message of its job.
_TAIL = 500


class Timer:
    """Calls planned actions one after the other, sorted by time. ``scale``: how much faster time passes."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="dataflow-fake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Drop all planned actions. Returns when the current one is done."""
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call ``action`` after ``seconds`` of the fake's time."""
        with self._changed:
            due = time.monotonic() + seconds / self._scale
            heapq.heappush(self._due, (due, next(self._order), action))
            self._changed.notify()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                log.exception("the fake for Dataflow stumbled, and goes on")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._over:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None


class Program:
    """A job's real program, in its own session and on a leash, so that nothing of it outlives this process.

    ``ended`` is called with the reason if it failed, otherwise None, and with its counters.
    """

    def __init__(self, script: Script, folder: Path, ended: Ended) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._outputs, self._log = folder / "outputs.json", folder / "log"
        self._ended = ended
        environment = {**os.environ, **script.environment, "ORCHESTRATOR_OUTPUTS": str(self._outputs)}
        with self._log.open("wb") as said:
            self._process = subprocess.Popen(
                leashed(list(script.command)),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=script.folder,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._wait, name=f"job-{self._process.pid}", daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End the program and its children."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def join(self) -> None:
        self._thread.join()

    def _wait(self) -> None:
        status = self._process.wait()
        self._process.communicate()  # releases the leash, which ends whatever the program left running
        said = self._log.read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:]
        self._ended(f"exit status {status}: {said}" if status else None, self._counted())

    def _counted(self) -> Mapping[str, int | float]:
        try:
            found = json.loads(self._outputs.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return counters(found) if isinstance(found, dict) else {}


def counters(outputs: Mapping[str, Any]) -> Mapping[str, int | float]:
    """The outputs of a program that can be counters of a Dataflow job: numbers."""
    return {
        key: value for key, value in outputs.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }
