"""Runs python steps in threads of this process or, with ``isolated``, in their own processes."""

import json
import os
import sys
from dataclasses import replace

from orchestrator.core.codec import run_to_json
from orchestrator.core.job_end import JobEnd
from orchestrator.core.kinds import COMMAND
from orchestrator.home import Home
from orchestrator.jobs.process.shortage import not_started
from orchestrator.ports import JobBackend, JobRequest, JobStatus, Launched
from orchestrator.system import files
from orchestrator.system.files import write_whole


class PythonSteps:
    """Steps of kind ``python``. A job's id shows where it runs: a process's is a folder, a thread's has no slash."""

    def __init__(self, home: Home, threads: JobBackend, processes: JobBackend) -> None:
        self._home = home
        self._threads = threads
        self._processes = processes

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        if not _isolated(request):
            return self._threads.launch(request)
        try:
            return self._processes.launch(_command(request, self._home))
        except OSError as error:
            raise not_started(f"step '{request.step}': it", error) from error

    def find(self, request: JobRequest) -> Launched | None:
        return self._processes.find(request) if _isolated(request) else self._threads.find(request)

    def status(self, job: str) -> JobStatus:
        return self._runs(job).status(job)

    def cancel(self, job: str) -> JobEnd | None:
        return self._runs(job).cancel(job)

    def _runs(self, job: str) -> JobBackend:
        return self._processes if "/" in job else self._threads


def _isolated(request: JobRequest) -> bool:
    return bool(request.spec.get("isolated"))


def _command(request: JobRequest, home: Home) -> JobRequest:
    """The same step as a command that reads what to call from a file in its attempt's folder.

    It runs in the folder that the other python steps run in.
    """
    folder = home.attempt(request.run.id, request.node, request.step, request.attempt)
    files.make_folder(folder)
    asked = {name: getattr(request, name) for name in ("node", "step", "attempt", "name", "kind")}
    asked |= {"run": run_to_json(request.run), "spec": dict(request.spec)}
    path = write_whole(folder / "call.json", json.dumps(asked))
    words = [sys.executable, "-P", "-m", "orchestrator.jobs.python.isolated_process", str(path)]
    return replace(request, kind=COMMAND.key, spec={"command": [*words], "cwd": os.getcwd()})
