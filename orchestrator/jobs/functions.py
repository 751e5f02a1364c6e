"""Users' functions by name: ``module:function`` beside the graph's file. Finds them, and calls them for parameters."""

import inspect
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.core.steps import Json
from orchestrator.definition.importing import imported
from orchestrator.errors import LaunchRefusedError, OutputError
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import JobRequest
from orchestrator.suggestions import did_you_mean


class UnknownFunctionError(LookupError):
    """A graph names a function that is not there."""


def resolve(name: str, folder: str | None) -> Callable[..., object]:
    """The function that ``module:function`` names, the module being looked for in ``folder`` first.

    A process serves the graphs of many folders, and two of them may have a module of one name: each gets its own.
    """
    module_name, _, function_name = name.partition(":")
    try:
        module = imported(module_name, folder)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there; something that it imports is not
        raise UnknownFunctionError(f"there is no module '{module_name}' in {folder} or installed") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        hint = did_you_mean(function_name, [key for key in vars(module) if callable(getattr(module, key))])
        raise UnknownFunctionError(f"module '{module_name}' has no function '{function_name}'{hint}")
    return function  # type: ignore[no-any-return]


def parameters(request: JobRequest) -> Mapping[str, Json]:
    """A job's parameters: those its step gives, and those that its function (``parameters_from``) returns.

    The function is called with the run's params if it takes an argument. Raises LaunchRefusedError if it cannot say.
    """
    given = request.spec.get("parameters")
    found = dict(given) if isinstance(given, dict) else {}
    name = request.spec.get("parameters_from")
    if name is None:
        return found
    try:
        function = resolve(str(name), request.run.folder)
        takes = inspect.signature(function).parameters
        made = function(dict(request.run.params)) if takes else function()
        return {**check_outputs(made, "parameters"), **found}
    except (UnknownFunctionError, OutputError) as error:
        raise LaunchRefusedError(f"step '{request.step}': parameters_from: {error}") from error
    except (Exception, SystemExit) as error:
        raise LaunchRefusedError(f"step '{request.step}': parameters_from: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """``ValueError: no such day (sales.py:12)``: the error and the line of the user's code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if len(frames) > 1 else ""
    text = str(error)
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"
