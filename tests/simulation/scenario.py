"""A scenario: a graph, its params, and what the job of each attempt will do. Plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.core import compiler, plan
from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.job_end import Outcome
from orchestrator.core.steps import Json, Step


class Behaviour(StrEnum):
    """What an attempt's job does."""

    SUCCEEDS = "succeeds"
    FAILS = "fails"
    IS_CANCELLED = "is cancelled"
    IS_INTERRUPTED = "is interrupted"
    HANGS = "hangs"
    IS_REFUSED = "is refused"
    LEAVES_TOO_MUCH = "leaves too much"


#: How many requests to stop a job may ignore.
DEAF = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt's job: after ``seconds`` it does what its ``behaviour`` says; ``outputs`` if it succeeds.

    It ignores ``deaf`` requests to stop, and the next one ends it as ``stopped`` says. ``live``: it keeps running after
    its step has succeeded.
    """

    behaviour: Behaviour = Behaviour.SUCCEEDS
    seconds: float = 0.0
    outputs: Mapping[str, Json] = field(default_factory=dict)
    deaf: int = 0
    stopped: Outcome = Outcome.CANCELLED
    live: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """``{{ params.name == value }}``"""

    name: str
    value: Json

    def __str__(self) -> str:
        return f"{{{{ params.{self.name} == {self.value!r} }}}}"


@dataclass(frozen=True, slots=True)
class Ended:
    """``{{ steps.step.status == 'word' }}``"""

    step: str
    word: str

    def __str__(self) -> str:
        return f"{{{{ steps.{self.step}.status == '{self.word}' }}}}"


@dataclass(frozen=True, slots=True)
class Gave:
    """``{{ steps.step.outputs.n >= least }}``: an error where the step left no outputs."""

    step: str
    least: int

    def __str__(self) -> str:
        return f"{{{{ steps.{self.step}.outputs.n >= {self.least} }}}}"


@dataclass(frozen=True, slots=True)
class Raises:
    """``{{ 'some text' | truncate(2) }}``: it asserts, which an expression is not expected to."""

    def __str__(self) -> str:
        return "{{ 'some text' | truncate(2) }}"


Condition = Param | Ended | Gave | Raises

#: What a job leaves that leaves too much: nested deeper than anything is kept.
TOO_MUCH: dict[str, Json] = {"n": 1, "deep": json.loads("[" * 60 + "]" * 60)}


#: What people decide about a step that needs attention: they retry it, or mark it so.
RETRY, MARKED_AS = "retry", ("succeeded", "failed", "skipped")

#: The outputs of a step that somebody marks as succeeded.
MARKED_OUTPUTS: dict[str, Json] = {"n": 3}


@dataclass(frozen=True)
class Scenario:
    """``attempts``: by step, its attempts outside, the last for ever. ``reads``: whose output ``n`` a step is given.

    ``decisions``: by step that is held when it has failed, what people decide, one after the other.
    ``deadline``: the run's own; ``typical``: how long its steps are known to take, as in the run's record.
    ``wide``, ``spread``: the bounds that the plan is compiled with; small ones make trees of small graphs.
    """

    name: str
    steps: tuple[Step, ...]
    params: Mapping[str, Json]
    attempts: Mapping[str, tuple[Attempt, ...]]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    wide: int = compiler.WIDE
    spread: int = compiler.SPREAD
    fails_on: plan.FailsOn = plan.FailsOn.ANY
    decisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_parallel: int | None = None
    deadline: float | str | None = None
    typical: str = ""
    active: ActiveRuns | None = None

    def attempt(self, step: str, number: int) -> Attempt:
        """What becomes of the ``number``-th attempt of a step, 1 being the first."""
        known = self.attempts[step]
        return known[min(number, len(known)) - 1]

    def compiled(self, version: str = "1") -> plan.Plan:
        """The plan of the graph, within this scenario's bounds."""
        bounds = compiler.WIDE, compiler.SPREAD
        compiler.WIDE, compiler.SPREAD = self.wide, self.spread
        try:
            compiled = compiler.compile_plan(self.name, version, self.steps, self.fails_on)
            limited = replace(compiled, max_parallel=self.max_parallel, active=self.active)
            return replace(limited, deadline=self.deadline)
        finally:
            compiler.WIDE, compiler.SPREAD = bounds
