"""Python functions as jobs, in threads of this process. They die with it: a job it does not know was interrupted."""

import importlib
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from orchestrator.core.model import Outcome
from orchestrator.errors import OutputError
from orchestrator.home import Home
from orchestrator.jobs.capture import Capture
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import Clock, JobOver, JobRequest, JobRunning, JobStatus, Launched
from orchestrator.suggestions import did_you_mean


class PythonBackend:
    """Steps of kind ``python``: ``spec["function"]`` (``module:function``) is called with ``spec["args"]``.

    A mapping that it returns becomes the step's outputs, and what it prints its log. A thread cannot be stopped, so
    ``cancel`` does nothing: give long work that must be stoppable a process of its own (``command``).
    ``ended`` is called with the job's name when it has ended.
    """

    def __init__(self, home: Home, ended: Callable[[str], None], clock: Clock, threads: int) -> None:
        self._home = home
        self._ended = ended
        self._clock = clock
        self._capture = Capture()
        self._requests: queue.SimpleQueue[JobRequest] = queue.SimpleQueue()
        self._jobs: dict[str, JobStatus] = {}
        self._lock = threading.Lock()
        self._threads = threads
        self._started = 0
        self.running = 0

    def launch(self, request: JobRequest) -> Launched:
        with self._lock:
            if request.name in self._jobs:
                return Launched(request.name)
            self._jobs[request.name] = JobRunning()
            self.running += 1
            if self._started < min(self._threads, self.running):
                self._started += 1
                threading.Thread(target=self._work, name=f"python steps {self._started}", daemon=True).start()
        self._requests.put(request)
        return Launched(request.name)

    def find(self, request: JobRequest) -> Launched | None:
        return Launched(request.name) if request.name in self._jobs else None

    def status(self, job: str) -> JobStatus:
        return self._jobs.get(job) or JobOver(Outcome.INTERRUPTED, self._clock())

    def cancel(self, job: str) -> None:
        """Nothing: see above."""

    def _work(self) -> None:
        while True:
            request = self._requests.get()
            over = self._call(request)
            with self._lock:
                self._jobs[request.name] = over
                self.running -= 1
            self._ended(request.name)

    def _call(self, request: JobRequest) -> JobOver:
        log = self._home.attempt(request.run.id, request.node, request.step, request.attempt) / "log"
        with self._capture.to(log) as write:
            try:
                returned = resolve(str(request.spec["function"]), request.run.folder)(**_args(request))
                outputs = None if returned is None else check_outputs(returned)
                return JobOver(Outcome.SUCCEEDED, self._clock(), outputs)
            except UnknownFunctionError as error:
                return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="function", hopeless=True)
            except OutputError as error:
                return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="outputs", hopeless=True)
            except BaseException as error:  # noqa: BLE001  a user's function may raise anything, SystemExit too
                write(traceback.format_exc())
                return JobOver(Outcome.FAILED, self._clock(), error=_describe(error), cause="exception")


class UnknownFunctionError(LookupError):
    """A graph names a function that is not there."""


def resolve(name: str, folder: str | None) -> Callable[..., object]:
    """The function that ``module:function`` names, the module being looked for in ``folder`` first."""
    module_name, _, function_name = name.partition(":")
    if folder is not None and folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise UnknownFunctionError(f"there is no module '{module_name}' in {folder} or installed") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        hint = did_you_mean(function_name, [key for key in vars(module) if callable(getattr(module, key))])
        raise UnknownFunctionError(f"module '{module_name}' has no function '{function_name}'{hint}")
    return function  # type: ignore[no-any-return]


def _args(request: JobRequest) -> dict[str, object]:
    args = request.spec.get("args")
    return dict(args) if isinstance(args, dict) else {}


def _describe(error: BaseException) -> str:
    """``ValueError: no such day (sales.py:12)``: the error and the line of the user's code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if len(frames) > 1 else ""
    text = str(error)
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"
