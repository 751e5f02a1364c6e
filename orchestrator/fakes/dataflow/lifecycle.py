"""How the fake's jobs change their states, and what Google sends when they do."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from orchestrator.fakes.dataflow import job as d
from orchestrator.fakes.dataflow.events import log_entry, status_changed
from orchestrator.fakes.dataflow.job import Job
from orchestrator.fakes.dataflow.script import Work
from orchestrator.fakes.dataflow.timer import Program, Timer

#: Called with what Google would send: ("log", a LogEntry) or ("eventarc", a CloudEvent).
Emit = Callable[[str, dict[str, Any]], None]


class Lifecycle:
    """The states of jobs. ``lock`` guards them, and the methods are called after it has been taken.

    ``post`` delivers what is emitted, in order, in another thread, so that a slow receiver delays no job.
    """

    def __init__(self, timer: Timer, post: Timer, lock: threading.RLock, emit: Emit, folder: Path) -> None:
        self._timer, self._post, self._lock, self._emit, self._folder = timer, post, lock, emit, folder
        self._running: list[Work] = []

    def stop(self) -> None:
        """End the programs of jobs. Call this without the lock, because the end of a program needs it."""
        with self._lock:
            running, self._running = self._running, []
        for work in running:
            work.kill()
        for work in running:
            work.join()

    def enter(self, job: Job, state: str, fields: Mapping[str, Any] | None = None) -> None:
        """Put a job into a state, and plan what follows. Does nothing if the job has ended."""
        if job.history and job.ended:
            return None
        job.history.append((time.time(), state, fields or {}))
        self._send("eventarc", status_changed(job))
        if state == d.RUNNING and (job.script.command or job.script.begin):
            return self._start(job)
        seconds, following = _next(job)
        turn = len(job.history)

        def due() -> None:
            with self._lock:
                if len(job.history) == turn:
                    (self.end if following in d.TERMINAL else self.enter)(job, following)

        if seconds is not None:
            self._timer.after(seconds, due)
        return None

    def end(self, job: Job, state: str, errors: Collection[str] = (), fields: Mapping[str, Any] | None = None) -> None:
        """End the job: add its messages, emit its log entries, and enter its last state."""
        if job.ended:
            return
        now, script = time.time(), job.script
        at_launch = job.state == d.QUEUED and script.launcher_error is not None and state == d.FAILED
        if state == d.FAILED:
            said = [script.launcher_error] if at_launch else [*(errors or script.errors)]
            job.messages += [(now, "ERROR", text) for text in said if text]
        if state in (d.DONE, d.DRAINED):
            job.metrics.update(script.metrics)
        for at, rank, text in job.messages:
            self._send("log", log_entry(job, text, rank, at))
        if not at_launch and state != d.UPDATED:
            self._send("log", log_entry(job, "Worker pool stopped.", "INFO", now))
        self.enter(job, state, fields)
        job.stop()

    def _send(self, kind: str, body: dict[str, Any]) -> None:
        self._post.after(0, lambda: self._emit(kind, body))

    def _start(self, job: Job) -> None:
        """Start the job's program; when that ends, the job ends."""

        def ended(error: str | None, counted: Mapping[str, int | float]) -> None:
            with self._lock:
                if job.state != d.RUNNING:
                    return
                job.metrics.update(counted)
                self.end(job, d.DONE if error is None else d.FAILED, [error or ""])

        try:
            work = job.script.begin(ended) if job.script.begin else Program(job.script, self._folder / job.id, ended)
        except OSError as error:
            return self.end(job, d.FAILED, [f"{type(error).__name__}: {error}"])
        job.stop = work.kill
        self._running.append(work)
        return None


def _next(job: Job) -> tuple[float | None, str]:
    """The state that follows automatically, and after how many seconds; None if there is none."""
    script = job.script
    match job.state:
        case d.QUEUED if script.launcher_error is not None:
            return script.queued, d.FAILED
        case d.QUEUED:
            return script.queued, d.PENDING
        case d.PENDING:
            return script.pending, d.RUNNING
        case d.RUNNING:
            return script.running, f"JOB_STATE_{script.end}"
        case d.DRAINING:
            return script.stopping, d.DRAINED
        case d.CANCELLING:
            return None if script.stubborn else script.stopping, d.CANCELLED
        case _:
            return None, ""
