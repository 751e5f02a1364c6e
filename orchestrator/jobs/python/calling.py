"""Calls a user's function, and turns its result, exception or exit into the end of a job."""

import os
import traceback
from collections.abc import Callable

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.kinds import CALL
from orchestrator.errors import OutputError
from orchestrator.jobs.outputs import check_outputs
from orchestrator.jobs.python.functions import UnknownFunctionError, called, describe, describe_exit, resolve
from orchestrator.ports import Clock, JobRequest
from orchestrator.text import cut, said, told
from orchestrator.usercode import plain
from orchestrator.usercode.forks import one_returns


def call(
    request: JobRequest, clock: Clock, write: Callable[[str], object], begin: Callable[[], object] = lambda: None
) -> JobEnd:
    """Call a python step's function. ``write`` takes the traceback of a failure.

    ``begin`` is called when its module has been imported. Whatever the function raises, this raises nothing.
    """
    begun, args, process = False, request.spec.get("args"), os.getpid()
    try:
        try:
            function = resolve(str(request.spec["function"]), request.run.folder)
            begin()
            begun = True
            if request.kind == CALL.key:
                returned = called(str(request.spec["function"]), request)
            else:
                returned = function(**(args if isinstance(args, dict) else {}))
        finally:
            one_returns(process)
        return JobEnd(Outcome.SUCCEEDED, clock(), None if returned is None else check_outputs(returned))
    except BaseException as error:  # noqa: BLE001  a user's function may raise anything
        return _ended(error, clock(), write, begun=begun)


def _ended(error: BaseException, at: float, write: Callable[[str], object], *, begun: bool) -> JobEnd:
    """The end of a function that raised ``error``. The methods of the error are users' code too, and may raise."""
    if isinstance(error, UnknownFunctionError):
        return JobEnd(Outcome.FAILED, at, error=said(error), cause="function", permanent=True)
    if isinstance(error, OutputError):
        return JobEnd(Outcome.FAILED, at, error=said(error), cause="outputs", permanent=True)
    exits = isinstance(error, SystemExit)
    try:
        if isinstance(error, SystemExit):
            if begun and error.code in (None, 0):
                return JobEnd(Outcome.SUCCEEDED, at)
            text = describe_exit(error)
        else:
            text = describe(error)
    except BaseException as broken:  # noqa: BLE001
        text = f"it raised an exception that cannot be shown: {type(broken).__name__}"
    text += _written(error, write)
    return JobEnd(Outcome.FAILED, at, error=text, cause="exit" if exits else "exception")


def _written(error: BaseException, write: Callable[[str], object]) -> str:
    """An empty text if the traceback could be written; otherwise why not, such as a full disk."""
    try:
        write(plain("".join(traceback.format_exception(error))))
    except BaseException as broken:  # noqa: BLE001 - the texts in it are made by a user's code
        return f" [its traceback cannot be shown: {cut(told(broken), 200)}]"
    return ""
