"""What takes the place of a step's job in a simulated run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from orchestrator.core.job_end import Outcome
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.jobs.outputs import check_outputs
from orchestrator.jobs.python.functions import describe
from orchestrator.jobs.scripted import Script
from orchestrator.text import shown

#: Seconds that a job runs which hangs. A stored time cannot be infinite.
_FOR_EVER = 10 * 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that a run launched. ``spec``: the keys of its kind, rendered, as its backend would get them.

    ``job_name``: the name of its job. ``at``: when it was launched, in UTC. ``folder``: what ``{{ run.dir }}`` is.
    """

    step: str
    number: int
    kind: str
    spec: Mapping[str, Any]
    params: Mapping[str, Any]
    job_name: str
    at: datetime
    folder: Path


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ends, made by ``succeed``, ``fail`` or ``hang``. The first ``times`` attempts end like
    this, and the others succeed.
    """

    script: Script
    times: int | None = None


def succeed(outputs: Mapping[str, Any] | None = None, *, after: float | timedelta = 0.0) -> Result:
    """The attempt succeeds with these outputs. ``after``: how long it takes, in seconds or as a timedelta."""
    return Result(Script(_seconds(after), outputs=None if outputs is None else check_outputs(outputs)))


def fail(
    error: str = "it failed",
    *,
    times: int | None = None,
    after: float | timedelta = 0.0,
    cause: str = "scripted",
    permanent: bool = False,
) -> Result:
    """The attempt fails with this error; with ``times``, only the first attempts do. ``permanent``: it is not retried.

    ``cause``: the class of the failure, as one word.
    """
    script = Script(_seconds(after), Outcome.FAILED, error=error, cause=cause, permanent=permanent)
    return Result(script, times)


def hang() -> Result:
    """The attempt runs until it is stopped, for example by its timeout."""
    return Result(Script(_FOR_EVER))


#: A function gets the attempt. It returns the outputs, None, or a Result; what it raises is the failure.
Function: TypeAlias = Callable[[Attempt], "Mapping[str, Any] | Result | None"]

#: What takes the place of a step's job: for every attempt, or a list with one for each, whose last is for the rest.
Replacement: TypeAlias = Result | Function | Sequence[Result | Function]


def script_of(replacement: Replacement, attempt: Attempt) -> Script:
    """How an attempt goes. An AssertionError of a function is raised: it is the test that fails, and not the step."""
    if isinstance(replacement, Sequence) and replacement:
        replacement = replacement[min(attempt.number, len(replacement)) - 1]
    if callable(replacement):
        replacement = _called(replacement, attempt)
    if not isinstance(replacement, Result):
        raise UsageError(
            f"steps: {attempt.step}: expected succeed(…), fail(…), hang(), a function or a list, got "
            f"{shown(replacement)}"
        )
    ended = replacement.times is not None and attempt.number > replacement.times
    return Script() if ended else replacement.script


def _called(function: Function, attempt: Attempt) -> Result:
    try:
        returned = function(attempt)
        return returned if isinstance(returned, Result) else succeed(returned)
    except AssertionError:
        raise
    except OrchestratorError as error:
        return fail(str(error), cause="outputs", permanent=True)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything: it fails the step
        return fail(describe(error), cause="exception")


def _seconds(after: float | timedelta) -> float:
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
