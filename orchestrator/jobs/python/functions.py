"""Finds and calls users' functions by name: ``module:function``, beside the graph's file."""

import sysconfig
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from orchestrator.core.steps import Json
from orchestrator.errors import LaunchRefusedError, OrchestratorError, OutputError
from orchestrator.jobs.outputs import check_outputs
from orchestrator.jobs.python.arguments import OF_JOB, BindingError, bound
from orchestrator.jobs.python.deadline import MAX_SECONDS, RaisedError, TookTooLongError, within
from orchestrator.ports import JobRequest
from orchestrator.system.terminal import readable
from orchestrator.text import did_you_mean, said
from orchestrator.usercode import Namespace, imported, plain

#: Characters of an error's text that are kept: it is stored with the step's state.
_MAX_TEXT = 4000

#: What the original article's functions return: what it takes to launch the job.
_ARTICLE = frozenset({"parameters", *OF_JOB})

#: Code whose lines tell a user little: Python's, that of packages, and ours.
_FOREIGN = (
    "<",
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    str(Path(__file__).parents[2]),
)


class UnknownFunctionError(LookupError):
    """A graph names a function that does not exist or cannot be called."""


class FunctionRaisedError(OrchestratorError):
    """A user's function raised, or took too long. Another attempt may succeed. ``cause``: which of the two."""

    def __init__(self, text: str, cause: str) -> None:
        self.cause = cause
        super().__init__(text)


def resolve(name: str, folder: str | None, namespace: Namespace | None = None) -> Callable[..., object]:
    """The function that ``module:function`` names. The module is searched in ``folder`` first.

    A process serves the graphs of many folders, and two of them may have modules of the same name: each gets its own.
    ``namespace``: that folder's, if it is not the lasting one.
    """
    module_name, _, function_name = name.partition(":")
    try:
        module = imported(module_name, folder, namespace)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module exists; something that it imports does not
        raise UnknownFunctionError(f"there is no module '{module_name}' in {folder} or installed") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        hint = did_you_mean(function_name, [key for key in vars(module) if callable(getattr(module, key))])
        raise UnknownFunctionError(f"module '{module_name}' has no function '{function_name}'{hint}")
    return function  # type: ignore[no-any-return]


def called(name: str, request: JobRequest, max_seconds: float | None = None) -> object:
    """Calls the function that a step names with the arguments that it takes: params of the run, facts of the job.

    Raises UnknownFunctionError if it cannot be called, TookTooLongError if it takes longer than ``max_seconds``, and
    whatever it raises itself.
    """
    if max_seconds is not None:
        return within(max_seconds, partial(called, name, request))
    function = resolve(name, request.run.folder)
    try:
        job = {"job_name": request.name, "template_location": request.spec.get("template")}
        arguments = bound(function, request.run.params, job)
    except BindingError as error:
        raise UnknownFunctionError(f"function '{name}': {error}") from error
    return arguments.give(function)


def parameters(request: JobRequest) -> Mapping[str, Json]:
    """A job's parameters, as ``completed`` has them."""
    found = completed(request).spec["parameters"]
    return found if isinstance(found, dict) else {}


def completed(request: JobRequest) -> JobRequest:
    """The request, completed by what the step's function (``parameters_from``) returns, if it has one.

    Its parameters override the graph's common ones; the step's own override both. Raises LaunchRefusedError if the
    function does not exist or returns something of the wrong form, FunctionRaisedError if it raises.
    """
    spec = dict(request.spec)
    name, common, own = spec.pop("parameters_from", None), spec.pop("common_parameters", None), spec.get("parameters")
    made = _Made({}) if name is None else _made(str(name), request)
    spec["parameters"] = {**_mapping(common), **made.parameters, **_mapping(own)}
    if made.template is not None:
        spec["template"] = made.template
    return replace(request, spec=spec)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a function returned: a job's parameters, and its template if given."""

    parameters: Mapping[str, Json]
    template: str | None = None


def _made(name: str, request: JobRequest) -> _Made:
    where = f"step '{request.step}': parameters_from"
    try:
        return within(MAX_SECONDS, lambda: _understood(called(name, request)))
    except (UnknownFunctionError, OutputError) as error:
        raise LaunchRefusedError(f"{where}: {error}") from error
    except TookTooLongError as error:
        raise FunctionRaisedError(f"{where}: {error}", "timeout") from error
    except (Exception, SystemExit) as error:
        raise FunctionRaisedError(f"{where}: {describe(error)}", "exception") from error


def _understood(returned: object) -> _Made:
    """The parameters, alone or in the article's format. Raises OutputError.

    The function cannot choose the job's name: it identifies the attempt, and was claimed before.
    """
    made = check_outputs(returned, "parameters")
    inner = made.get("parameters")
    if not isinstance(inner, dict) and made.keys() != set(OF_JOB):
        return _Made(made)
    if unknown := sorted(made.keys() - _ARTICLE):
        raise OutputError(f"expected parameters, job_name and template_location, got {', '.join(unknown)} too")
    for key in OF_JOB:
        if not isinstance(made.get(key), str | None):
            raise OutputError(f"expected {key} as text, got {made[key]!r:.60}")
    return _Made(inner if isinstance(inner, dict) else {}, str(made.get("template_location") or "") or None)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def describe(error: BaseException) -> str:
    """``ValueError: no such day (sales.py:12)``: the error and the line of the user's code that raised it."""
    text = _text(error)
    kind = "" if isinstance(error, RaisedError) else type(error).__name__
    return f"{kind}{': ' if kind and text else ''}{text}{_where(error)}"


def describe_exit(error: SystemExit) -> str:
    """``sys.exit``, described like a command's end: ``exit status 1: no such day (sales.py:12)``."""
    told = isinstance(error.code, int) and abs(error.code) < 2**31
    text = "" if told else _text(error)
    return f"exit status {error.code if told else 1:d}{': ' if text else ''}{text}{_where(error)}"


def _where(error: BaseException) -> str:
    """The line of the user's code that it came from; if there is none, the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) < 2:
        return ""
    own = [frame for frame in frames if not frame.filename.startswith(_FOREIGN)]
    frame = (own or frames)[-1]
    return f" ({Path(frame.filename).name}:{frame.lineno})"


def _text(error: BaseException) -> str:
    """An error's text, as printable lines of bounded length."""
    text = said(error, 2 * _MAX_TEXT)
    lines = [line for line in map(readable, plain(text).split("\n")) if line]
    return "\n".join(lines)[:_MAX_TEXT]
