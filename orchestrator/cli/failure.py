"""How the command line fails: one sentence on standard error and an exit code, never a traceback."""

import contextlib
import os
import sys
from collections.abc import Callable

from orchestrator.errors import InvalidGraphError, OrchestratorError
from orchestrator.system.extras import install
from orchestrator.system.terminal import shown

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

#: What a shell reports of a program whose reader went away: 128 + SIGPIPE.
NO_READER = 141

#: What of the extra ``cloud`` is imported.
_CLOUD = ("google", "google_auth_httplib2", "googleapiclient", "grpc", "httplib2", "functions_framework", "flask")


def no_extra() -> str:
    """What is said where click or rich is not installed."""
    return f"error: the command line needs click and rich: {install('cli')}"


def guarded(command: Callable[[], int]) -> int:
    """What ``command`` returns; if it raises, the exit code for that, and a sentence on standard error."""
    try:
        code = command()
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user; it is kept in a file
        return _failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _failed(error: Exception) -> int:
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
            complain(f"error: this needs Google's clients: {install('cloud')}")
            return WRONG
        case _ if _is_shortage(error):
            complain(
                "error: there is no memory for this now, or no room for another thread (see ulimit -v and ulimit -u): "
                "try again when there is; 'orchestrator resume' goes on with a run that had begun"
            )
            return FAILED
        case OSError(strerror=str(reason)):
            if not error.filename:
                _give_up_output()  # it may be full: what is left would be tried again at the end
            complain(f"error: {f'{error.filename}: ' if error.filename else ''}{reason}")
            return FAILED
        case _:
            said = str(error).split("\n", 1)[0][:200]
            complain(
                f"error: this is a bug in orchestrator: {type(error).__name__}: {said}; "
                f"the whole story is in {_keep(error)}"
            )
            return FAILED


def _is_shortage(error: Exception) -> bool:
    """Whether the system is out of memory or threads: of a library that it has no room for it tells in words alone."""
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
    """What is still to be printed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def complain(text: str) -> None:
    """Say what is wrong, on standard error. If nobody can be told there, the exit code tells it."""
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
