"""Errors of the command line: one sentence on standard error and an exit code, never a traceback."""

import contextlib
import os
import sys
from collections.abc import Callable

from orchestrator.errors import InvalidGraphError, NotFoundError, OrchestratorError
from orchestrator.system import os_errors
from orchestrator.system.extras import install
from orchestrator.system.terminal import shown

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

#: The exit code after SIGPIPE (128 + 13): the program that read the output has ended.
NO_READER = 141

#: The modules that the extra ``cloud`` installs.
_CLOUD = ("google", "google_auth_httplib2", "googleapiclient", "grpc", "httplib2", "functions_framework", "flask")


def no_extra() -> str:
    """The message if click or rich is not installed."""
    return f"error: the command line needs click and rich, which are not installed: {install('cli')}"


def guarded(command: Callable[[], int]) -> int:
    """The exit code of ``command``. If it raises, a sentence is printed on standard error."""
    try:
        code = command()
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user; it is kept in a file
        code = _failed(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    else:
        return code
    try:
        sys.stdout.flush()
    except OSError:  # Python would report it at exit, and end with another code
        _give_up_output()
    return code


def _failed(error: Exception) -> int:
    if isinstance(error, FileNotFoundError | NotFoundError) and _is_folder_gone():
        complain("error: the current folder has been deleted: change to another one with cd")
        return WRONG
    match error:
        case InvalidGraphError():
            complain(str(error))
            return error.exit_code
        case OrchestratorError():
            complain(f"error: {error}")
            return error.exit_code
        case BrokenPipeError():
            _give_up_output()
            return NO_READER
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] == "rich":
            complain(no_extra())
            return WRONG
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in _CLOUD:
            complain(f"error: this needs Google's client libraries, which are not installed: {install('cloud')}")
            return WRONG
        case _ if _is_shortage(error):
            complain(
                "error: out of memory or threads (see ulimit -v and ulimit -u): try again later; "
                "'orchestrator resume' continues a run that had started"
            )
            return FAILED
        case OSError(strerror=str()):
            where = ""
            if not error.filename:
                _give_up_output()  # its disk may be full, and the rest would be written again at exit
                where = "standard output" if os_errors.is_unwritable(error) else ""
            complain(f"error: {os_errors.told(error, where)}")
            return WRONG if os_errors.is_path_wrong(error) else FAILED
        case _:
            said = str(error).split("\n", 1)[0][:200]
            complain(
                f"error: this is a bug in orchestrator: {type(error).__name__}: {said}; "
                f"please report it with {_keep(error)}"
            )
            return FAILED


def _is_folder_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _is_shortage(error: Exception) -> bool:
    """Whether the system is out of memory or threads; for a library that cannot be loaded, only the text says so."""
    match error:
        case MemoryError():
            return True
        case ImportError():
            return "failed to map segment" in str(error) or "annot allocate memory" in str(error)
        case RuntimeError():
            return "can't start new thread" in str(error)
        case _:
            return False


def _give_up_output() -> None:
    """Discard what is still to be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def complain(text: str) -> None:
    """Print a message on standard error. If that is closed, only the exit code tells."""
    with contextlib.suppress(OSError):
        print(shown(text), file=sys.stderr, flush=True)


def _keep(error: Exception) -> str:
    """The path of a new file with the traceback."""
    import tempfile
    import traceback

    handle, path = tempfile.mkstemp(prefix="orchestrator-", suffix=".traceback")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return path
