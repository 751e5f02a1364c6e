"""A step and its policies: frozen data, the same in a graph and in a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from orchestrator.core.rules import TriggerRule

#: A value that JSON can hold.
Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: The kind of a step that has no job and ends at once.
NO_JOB = "none"

#: The value of a Dataflow step's ``streaming`` for a job that belongs to no run: it is started unless one runs.
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed attempt is repeated, and after which delays.

    ``attempts`` counts the first one. The n-th retry waits ``delay * backoff**(n-1)`` seconds, at most ``max_delay``.
    """

    attempts: int = 1
    delay: float = 60.0
    backoff: float = 2.0
    max_delay: float = 3600.0

    def wait(self, failures: int) -> float:
        """Seconds to wait after the ``failures``-th failed attempt (1 is the first)."""
        try:
            return min(self.delay * self.backoff ** (failures - 1), self.max_delay)
        except OverflowError:
            return self.max_delay


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """When a job's real state is checked: ``delay`` seconds after a signal, and every ``every`` seconds without one.

    ``delay`` None: soon, and several times (``engine/check_times.py``), since it is unknown how far a job's state lags.
    """

    delay: float | None = None
    every: float = 600.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a step runs: a kind (``kinds.py``) and that kind's options."""

    kind: str = NO_JOB
    spec: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a graph. ``after`` holds the names of its predecessors, sorted, each once. Times are in seconds.

    ``when`` is None, or the text of one ``{{ expression }}``. ``local`` runs instead of a cloud job on one machine.
    ``allow_failure``: its failure does not fail the run. ``teardown``: it cleans up, so it runs also when the run is
    cancelled, and never decides how the run ended.
    """

    name: str
    work: Work = Work()
    after: tuple[str, ...] = ()
    trigger: TriggerRule = TriggerRule.ALL_SUCCESS
    when: str | None = None
    retry: Retry = Retry()
    timeout: float | None = None
    check: CheckPolicy = CheckPolicy()
    local: Work | None = None
    job_name: str | None = None
    description: str = ""
    allow_failure: bool = False
    teardown: bool = False

    @property
    def counts(self) -> bool:
        """Whether the run has failed if this step has."""
        return not (self.allow_failure or self.teardown)
