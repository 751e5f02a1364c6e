"""Describes how jobs of the fake of Dataflow proceed, and which calls fail. Data only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from orchestrator.fakes.rest import RefusedError

__all__ = [
    "LAUNCHER_ERROR",
    "Canned",
    "Ended",
    "Fault",
    "LaunchCall",
    "RefusedError",
    "Script",
    "Work",
    "out_of_quota",
    "unavailable",
]

#: The launcher's error as it was recorded in 2021; it is never followed by "Worker pool stopped.".
LAUNCHER_ERROR = "Error occurred in the launcher container: Template launch failed. See console logs."


@dataclass(frozen=True, slots=True)
class LaunchCall:
    """A launch that was asked for. ``labels`` and other options are in ``environment``, by the API's names."""

    name: str
    region: str
    template: str
    classic: bool
    parameters: Mapping[str, str]
    environment: Mapping[str, Any]


#: Is told once that what a job really does is over: why it failed, None if it did not, and the job's counters.
Ended = Callable[[str | None, Mapping[str, int | float]], None]


class Work(Protocol):
    """What a job really does while it is RUNNING."""

    def kill(self) -> None:
        """End it now. Harmless if it has ended."""
        ...

    def join(self) -> None:
        """Return when it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Script:
    """How a job goes: seconds in QUEUED, PENDING and RUNNING, then its ``end``, a state without ``JOB_STATE_``.

    ``running`` None: until told (``FakeDataflow.move``). ``command``: a real program instead of ``running``; it ends
    the job as DONE or FAILED, and the numbers in the JSON file ``$ORCHESTRATOR_OUTPUTS`` are its counters. ``begin``:
    anything else that the job really does; it is begun with what is to be told of its end, and raises OSError if it
    cannot be.
    ``launcher_error``: the job goes from QUEUED to FAILED with it. ``stubborn``: only force cancels it.
    """

    queued: float = 1.0
    pending: float = 1.0
    running: float | None = 3.0
    end: str = "DONE"
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    errors: Sequence[str] = ()
    streaming: bool = False
    launcher_error: str | None = None
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    begin: Callable[[Ended], Work] | None = None
    stopping: float = 1.0
    stubborn: bool = False


def unavailable() -> RefusedError:
    """A 503, in the words that jobs.get was seen to use."""
    return RefusedError(503, "UNAVAILABLE", "The service is currently unavailable.")


def out_of_quota() -> RefusedError:
    """A 429 for a rate of calls."""
    text = "Quota exceeded for quota metric 'Create requests' and limit 'Create requests per minute per user'"
    return RefusedError(429, "RESOURCE_EXHAUSTED", f"{text} of service 'dataflow.googleapis.com'.", "rateLimitExceeded")


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer as it is, such as a recorded one; the call does nothing."""

    said: Mapping[str, Any]
    http: int = 200


#: What may happen to one call: its answer is lost, it never arrives, or it is answered with an error or a recording.
Fault = Literal["lost answer", "lost call"] | RefusedError | Canned
