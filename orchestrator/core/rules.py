"""Trigger rules: what a step requires of its join. There is one function and one row in ``RULES`` per rule.

Names and answers are Airflow's, but for two rules that Airflow does not have. One thing differs on purpose: a verdict
depends only on how the predecessors *finally* ended. It may be given early, but only if no later arrival could change
it (docs/lifecycle.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class TriggerRule(StrEnum):
    """Airflow's trigger rules, verbatim, and two of our own, each of which a step gives a number."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"
    AT_LEAST = "at_least"
    ALL_DONE_WITHIN = "all_done_within"


class Verdict(StrEnum):
    """What a rule decides about a join."""

    WAIT = "wait"
    RUN = "run"
    SKIP = "skip"
    UPSTREAM_FAILED = "upstream_failed"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many steps ended in which way. ``failed`` includes cancelled steps."""

    succeeded: int = 0
    failed: int = 0
    upstream_failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.upstream_failed + other.upstream_failed,
            self.skipped + other.skipped,
        )

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(
            self.succeeded - other.succeeded,
            self.failed - other.failed,
            self.upstream_failed - other.upstream_failed,
            self.skipped - other.skipped,
        )


NOBODY = Tally()

#: More successes than there can be.
MANY = 10**9


@dataclass(frozen=True, slots=True)
class Join:
    """The state of a step's join: how many arrivals are ``pending``, and how the steps that arrived have ended.

    ``needed``: how many successes ``at_least`` requires. ``late``: the time of ``all_done_within`` is up.
    """

    pending: int = 0
    ended: Tally = NOBODY
    needed: int = MANY
    late: bool = False

    @property
    def broken(self) -> int:
        """Predecessors that failed or never ran because of a failure."""
        return self.ended.failed + self.ended.upstream_failed


# Each rule first tests what no later arrival can change, then waits, and then decides on the complete join.


def all_success(join: Join) -> Verdict:
    if join.broken:
        return Verdict.UPSTREAM_FAILED
    if join.pending:
        return Verdict.WAIT
    return Verdict.SKIP if join.ended.skipped else Verdict.RUN


def all_failed(join: Join) -> Verdict:
    if join.ended.succeeded or join.ended.skipped:
        return Verdict.SKIP
    return Verdict.WAIT if join.pending else Verdict.RUN


def all_done(join: Join) -> Verdict:
    return Verdict.WAIT if join.pending else Verdict.RUN


def all_done_min_one_success(join: Join) -> Verdict:
    if join.ended.skipped:
        return Verdict.SKIP
    if join.pending:
        return Verdict.WAIT
    return Verdict.RUN if join.ended.succeeded else Verdict.UPSTREAM_FAILED


def one_success(join: Join) -> Verdict:
    if join.ended.succeeded:
        return Verdict.RUN
    if join.pending:
        return Verdict.WAIT
    return Verdict.UPSTREAM_FAILED if join.broken else Verdict.SKIP


def one_failed(join: Join) -> Verdict:
    if join.broken:
        return Verdict.RUN
    return Verdict.WAIT if join.pending else Verdict.SKIP


def one_done(join: Join) -> Verdict:
    if join.ended.succeeded or join.ended.failed:
        return Verdict.RUN
    return Verdict.WAIT if join.pending else Verdict.SKIP


def none_failed(join: Join) -> Verdict:
    if join.broken:
        return Verdict.UPSTREAM_FAILED
    return Verdict.WAIT if join.pending else Verdict.RUN


def none_skipped(join: Join) -> Verdict:
    if join.ended.skipped:
        return Verdict.SKIP
    return Verdict.WAIT if join.pending else Verdict.RUN


def always(_: Join) -> Verdict:
    return Verdict.RUN


def none_failed_min_one_success(join: Join) -> Verdict:
    if join.broken:
        return Verdict.UPSTREAM_FAILED
    if join.pending:
        return Verdict.WAIT
    return Verdict.RUN if join.ended.succeeded else Verdict.SKIP


def all_skipped(join: Join) -> Verdict:
    if join.ended.succeeded or join.broken:
        return Verdict.SKIP
    return Verdict.WAIT if join.pending else Verdict.RUN


def at_least(join: Join) -> Verdict:
    if join.ended.succeeded >= join.needed:
        return Verdict.RUN
    if join.broken and join.ended.succeeded + join.pending < join.needed:
        return Verdict.UPSTREAM_FAILED
    return Verdict.WAIT if join.pending else Verdict.SKIP


def all_done_within(join: Join) -> Verdict:
    return Verdict.WAIT if join.pending and not join.late else Verdict.RUN


RULES: dict[TriggerRule, Callable[[Join], Verdict]] = {
    TriggerRule.ALL_SUCCESS: all_success,
    TriggerRule.ALL_FAILED: all_failed,
    TriggerRule.ALL_DONE: all_done,
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: all_done_min_one_success,
    TriggerRule.ONE_SUCCESS: one_success,
    TriggerRule.ONE_FAILED: one_failed,
    TriggerRule.ONE_DONE: one_done,
    TriggerRule.NONE_FAILED: none_failed,
    TriggerRule.NONE_SKIPPED: none_skipped,
    TriggerRule.ALWAYS: always,
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: none_failed_min_one_success,
    TriggerRule.ALL_SKIPPED: all_skipped,
    TriggerRule.AT_LEAST: at_least,
    TriggerRule.ALL_DONE_WITHIN: all_done_within,
}

#: The rules that may answer RUN while predecessors are pending. The others answer it only when all have ended.
IMPATIENT = frozenset(
    {
        TriggerRule.ONE_SUCCESS,
        TriggerRule.ONE_FAILED,
        TriggerRule.ONE_DONE,
        TriggerRule.ALWAYS,
        TriggerRule.AT_LEAST,
        TriggerRule.ALL_DONE_WITHIN,
    }
)

#: The rules that make a step upstream_failed if any predecessor failed or is upstream_failed: they pass failures on.
CARRYING = frozenset({TriggerRule.ALL_SUCCESS, TriggerRule.NONE_FAILED, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS})


def verdict(rule: TriggerRule, join: Join) -> Verdict:
    """The verdict of ``rule`` on ``join``. A step without predecessors (an empty join) runs, whatever its rule."""
    return Verdict.RUN if not join.pending and join.ended == NOBODY else RULES[rule](join)
