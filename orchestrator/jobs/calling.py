"""A user's function, called: what it returns, raises or exits with, as the end of a job."""

import traceback
from collections.abc import Callable

from orchestrator.beside import plain
from orchestrator.core.model import Outcome
from orchestrator.errors import OutputError
from orchestrator.jobs.functions import UnknownFunctionError, called, describe, describe_exit, resolve
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import Clock, JobOver, JobRequest


def call(
    request: JobRequest, clock: Clock, write: Callable[[str], object], begin: Callable[[], object] = lambda: None
) -> JobOver:
    """Call a python step's function. ``write`` takes the traceback of a failure.

    ``begin`` is called when its module has been imported. Whatever the function raises, this raises nothing.
    """
    begun, args = False, request.spec.get("args")
    try:
        function = resolve(str(request.spec["function"]), request.run.folder)
        begin()
        begun = True
        if request.kind == "call":
            returned = called(str(request.spec["function"]), request)
        else:
            returned = function(**(args if isinstance(args, dict) else {}))
        return JobOver(Outcome.SUCCEEDED, clock(), None if returned is None else check_outputs(returned))
    except UnknownFunctionError as error:
        return JobOver(Outcome.FAILED, clock(), error=str(error), cause="function", hopeless=True)
    except OutputError as error:
        return JobOver(Outcome.FAILED, clock(), error=str(error), cause="outputs", hopeless=True)
    except SystemExit as error:
        if begun and error.code in (None, 0):
            return JobOver(Outcome.SUCCEEDED, clock())
        write(plain(traceback.format_exc()))
        return JobOver(Outcome.FAILED, clock(), error=describe_exit(error), cause="exit")
    except BaseException as error:  # noqa: BLE001  a user's function may raise anything
        write(plain(traceback.format_exc()))
        return JobOver(Outcome.FAILED, clock(), error=describe(error), cause="exception")
