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

#: The launcher's error, as recorded in 2021. "Worker pool stopped." never follows it.
LAUNCHER_ERROR = "Error occurred in the launcher container: Template launch failed. See console logs."


@dataclass(frozen=True, slots=True)
class LaunchCall:
    """A requested launch. ``environment`` contains labels and other options, under the API's names."""

    name: str
    region: str
    template: str
    classic: bool
    parameters: Mapping[str, str]
    environment: Mapping[str, Any]


#: Called once when a job's work has ended: with the reason if it failed, otherwise None, and with the job's counters.
Ended = Callable[[str | None, Mapping[str, int | float]], None]


class Work(Protocol):
    """The real work of a job while it is RUNNING."""

    def kill(self) -> None:
        """End it now; harmless if it has ended."""
        ...

    def join(self) -> None:
        """Wait until it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Script:
    """How a job proceeds: seconds in QUEUED, PENDING and RUNNING, then its ``end``, a state without ``JOB_STATE_``.

    ``running`` None: until ``FakeDataflow.move`` ends it. ``command``: a real program to run while it is RUNNING. Its
    exit status decides between DONE and FAILED, and the numbers in the JSON file ``$ORCHESTRATOR_OUTPUTS`` become the
    job's counters. ``begin``: starts any other real work; it is called with what to call at the end, and raises OSError
    if the work cannot be started.
    ``launcher_error``: the job goes from QUEUED to FAILED with this error. ``stubborn``: it can only be cancelled by
    force.
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
    """A 503, with a text that jobs.get was seen to use."""
    return RefusedError(503, "UNAVAILABLE", "The service is currently unavailable.")


def out_of_quota() -> RefusedError:
    """A 429 for too many calls."""
    text = "Quota exceeded for quota metric 'Create requests' and limit 'Create requests per minute per user'"
    return RefusedError(429, "RESOURCE_EXHAUSTED", f"{text} of service 'dataflow.googleapis.com'.", "rateLimitExceeded")


@dataclass(frozen=True, slots=True)
class Canned:
    """A fixed response, such as a recorded one; the call has no effect."""

    said: Mapping[str, Any]
    http: int = 200


#: A fault of one call: its response is lost, the call never arrives, or it gets an error or a recorded response.
Fault = Literal["lost answer", "lost call"] | RefusedError | Canned
