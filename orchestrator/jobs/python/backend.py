"""Python functions as jobs, in threads of this process. They die with it: an unknown job was interrupted."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.home import Home
from orchestrator.jobs.python import capture, functions, isolation
from orchestrator.jobs.python.calling import call
from orchestrator.jobs.python.context import StepContext
from orchestrator.jobs.python.log import Log
from orchestrator.jobs.python.workers import Workers
from orchestrator.ports import Clock, JobRequest, JobRunning, JobStatus, Launched
from orchestrator.text import told


class PythonBackend:
    """Steps of kind ``python``: ``spec["function"]`` (``module:function``) is called with ``spec["args"]``.

    Also steps of kind ``call``, whose function gets the arguments that it names (arguments.py).

    A mapping that it returns becomes the step's outputs; what it prints is the step's log. A thread cannot be stopped,
    so ``cancel`` does nothing: long work that must be stoppable needs its own process (``isolated``).
    ``ended`` is called with the job's name when it has ended. ``afterwards`` calls what it is given once all that was
    recorded before is on disk: until then no function begins. ``variables``: environment variables of all steps.
    """

    def __init__(
        self,
        home: Home,
        ended: Callable[[str], None],
        clock: Clock,
        threads: int,
        afterwards: Callable[[Callable[[], None]], None] = lambda begin: begin(),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._variables = variables
        self._afterwards = afterwards
        self._home = home
        self._ended = ended
        self._clock = clock
        self._workers = Workers(threads, "python steps")
        capture.install()
        isolation.install()
        self._jobs: dict[str, JobStatus] = {}
        self._lock = threading.Lock()
        self.running = 0

    def close(self) -> None:
        """End the threads, each after the function that it is calling."""
        self._workers.close()

    def launch(self, request: JobRequest) -> Launched:
        self._workers.ready()
        if request.name not in self._jobs:  # it may be there, if the transaction of an earlier launch failed
            self._afterwards(lambda: self._begin(request))
        return Launched(request.name)

    def find(self, request: JobRequest) -> Launched | None:
        return Launched(request.name) if request.name in self._jobs else None

    def parameters(self, request: JobRequest) -> Mapping[str, Json]:
        """The parameters of a simulated job, from the function that its step names, if it names one.

        It has the variables of all steps, and what it prints is the attempt's log. Raises what ``completed`` raises.
        """
        with StepContext(Log(lambda: self._log(request)), environment=isolation.with_variables(self._variables)):
            return functions.parameters(request)

    def _begin(self, request: JobRequest) -> None:
        with self._lock:
            if request.name in self._jobs:
                return
            self._jobs[request.name] = JobRunning()
            self.running += 1
        self._workers.do(lambda: self._work(request))

    def status(self, job: str) -> JobStatus:
        return self._jobs.get(job) or JobEnd(Outcome.INTERRUPTED, self._clock())

    def cancel(self, job: str) -> None:
        """Does nothing: a thread cannot be stopped."""

    def _work(self, request: JobRequest) -> None:
        try:
            try:
                with StepContext(
                    Log(lambda: self._log(request)), environment=isolation.with_variables(self._variables)
                ) as step:  # as in ``parameters``: a method for both would be a call more for each step
                    over = call(request, self._clock, step.log.write, partial(isolation.begin, step))
            finally:
                isolation.restore_folder()
        except BaseException as error:  # noqa: BLE001 - such as a log that cannot be written: it fails, not this thread
            over = JobEnd(Outcome.FAILED, self._clock(), error=told(error), cause="exception")
        with self._lock:
            self._jobs[request.name] = over
            self.running -= 1
        self._ended(request.name)

    def _log(self, request: JobRequest) -> Path:
        return self._home.attempt(request.run.id, request.node, request.step, request.attempt) / "log"
