"""A step and its policies: frozen data, the same in a graph and in a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from orchestrator.core.rules import TriggerRule
from orchestrator.text import span

#: A value that JSON can hold.
Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: The kind of a step that has no job and ends at once.
NO_JOB = "none"

#: The value of a Dataflow step's ``streaming`` for a job that belongs to no run: it is started unless one runs.
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Retry:
    """How many attempts a step has, and how long it waits between them.

    ``attempts`` includes the first. The n-th retry waits ``delay * backoff**(n-1)`` seconds, at most ``max_delay``.
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

    ``delay`` None: several times, soon after the signal (``engine/check_times.py``), since it is not known how far the
    job's state lags behind the signal.
    """

    delay: float | None = None
    every: float = 600.0


class OnFailure(StrEnum):
    """What becomes of a step whose last attempt has failed: it fails, or is held until a person decides."""

    FAIL = "fail"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Work:
    """What a step runs: a kind (``kinds.py``) and that kind's options."""

    kind: str = NO_JOB
    spec: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a graph. ``after``: the names of its predecessors, sorted, each once. Times are in seconds.

    ``when``: None, or the text of one ``{{ expression }}``. ``local``: what runs on one machine instead of ``work``.
    ``pool``: the pool in which its attempts need a place; ``priority``: the higher, the earlier it gets one.
    ``allow_failure``: its failure does not fail the run. ``teardown``: it cleans up. It runs even if the run was
    cancelled, and its end does not affect the run's status. ``at_least``, ``within``: the number that the trigger rules
    ``at_least`` (successes) and ``all_done_within`` (seconds) require, and no other has. ``inner``: the version
    of the graph that it runs, if it runs one (core/inner_graphs.py). ``deadline``: so many seconds after the run's
    start, or at that time of day, it has to end; if it does not, that is told, and nothing else happens
    (core/deadlines.py).
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
    on_failure: OnFailure = OnFailure.FAIL
    pool: str | None = None
    priority: int = 0
    at_least: int | None = None
    within: float | None = None
    inner: str = ""
    deadline: float | str | None = None

    @property
    def rule(self) -> str:
        """Its trigger rule as people write it, with the number: ``all_success``, ``at_least: 3``."""
        if self.trigger is TriggerRule.AT_LEAST:
            return f"{self.trigger}: {self.at_least}"
        within = f": {span(self.within)}" if self.within is not None else ""
        return f"{self.trigger}{within}"

    @property
    def counts(self) -> bool:
        """Whether the run fails if this step fails."""
        return not (self.allow_failure or self.teardown)
