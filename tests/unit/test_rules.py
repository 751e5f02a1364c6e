"""Trigger rules, against Airflow's own answers and against their definition."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from orchestrator.core.rules import CARRYING, IMPATIENT, RULES, Join, Tally, TriggerRule, Verdict, verdict
from tests.fixtures import fixture

AIRFLOW = {
    "run": Verdict.RUN,
    "wait": Verdict.WAIT,
    "skipped": Verdict.SKIP,
    "upstream_failed": Verdict.UPSTREAM_FAILED,
}

#: (rule, succeeded, failed, skipped, upstream_failed, pending) where Airflow decides on what has arrived so far, and a
#: later failure would have changed its answer. docs/lifecycle.md shows this table.
ARRIVAL_ORDER_SENSITIVE = {("all_success", 0, 0, 1, 0, 1)}

ENDS = (Tally(succeeded=1), Tally(failed=1), Tally(upstream_failed=1), Tally(skipped=1))


def joins(most: int, rule: TriggerRule) -> Iterator[Join]:
    """Every join of up to ``most`` predecessors, with each number that ``rule`` may have, before and after its time."""
    for size in range(most + 1):
        for ended in itertools.combinations_with_replacement((*ENDS, None), size):
            arrived = [tally for tally in ended if tally is not None]
            join = Join(size - len(arrived), sum(arrived, Tally()))
            yield join
            if rule is TriggerRule.AT_LEAST:
                yield from (replace(join, needed=needed) for needed in range(1, size + 1))
            if rule is TriggerRule.ALL_DONE_WITHIN:
                yield replace(join, late=True)


def completions(join: Join) -> Iterator[Join]:
    """Every way in which the pending predecessors can still end."""
    for rest in itertools.combinations_with_replacement(ENDS, join.pending):
        yield replace(join, pending=0, ended=sum(rest, join.ended))


def test_there_is_one_row_a_rule():
    assert set(RULES) == set(TriggerRule)


def test_the_rules_agree_with_airflow_except_where_airflow_depends_on_the_order_of_arrival():
    differences = set()
    rows = fixture("rules/truth-table")["rows"]
    for rule, succeeded, failed, skipped, upstream_failed, pending, outcome in rows:
        said = verdict(TriggerRule(rule), Join(pending, Tally(succeeded, failed, upstream_failed, skipped)))
        if said is not AIRFLOW[outcome]:
            assert said is Verdict.WAIT
            differences.add((rule, succeeded, failed, skipped, upstream_failed, pending))
    assert len(rows) == 252
    assert differences == ARRIVAL_ORDER_SENSITIVE


@pytest.mark.parametrize("rule", TriggerRule)
def test_a_verdict_comes_early_only_where_no_later_arrival_could_change_it(rule: TriggerRule):
    for join in joins(4, rule):
        said = verdict(rule, join)
        if said is not Verdict.WAIT:
            assert {verdict(rule, complete) for complete in completions(join)} == {said}, join


@pytest.mark.parametrize("rule", TriggerRule)
def test_a_complete_join_never_waits(rule: TriggerRule):
    assert all(verdict(rule, join) is not Verdict.WAIT for join in joins(4, rule) if not join.pending)


def test_the_impatient_rules_are_those_that_can_run_before_all_have_arrived():
    early = {
        rule for rule in TriggerRule for join in joins(3, rule) if join.pending and verdict(rule, join) is Verdict.RUN
    }
    assert early == IMPATIENT


@pytest.mark.parametrize("rule", TriggerRule)
def test_a_group_that_may_run_early_decides_for_any_whole_it_is_part_of(rule: TriggerRule):
    """This is what lets a gate of a tree pass before all have arrived at it."""
    for group in joins(3, rule):
        if group.pending and verdict(rule, group) is Verdict.RUN:
            for others in joins(2, rule):
                whole = replace(group, pending=others.pending, ended=group.ended + others.ended)
                assert verdict(rule, whole) is Verdict.RUN


@pytest.mark.parametrize("rule", TriggerRule)
def test_a_rule_carries_a_failure_on_if_one_broken_predecessor_always_makes_the_step_upstream_failed(rule: TriggerRule):
    said = {verdict(rule, join) for join in joins(4, rule) if not join.pending and join.broken}
    assert (said == {Verdict.UPSTREAM_FAILED}) == (rule in CARRYING)


@pytest.mark.parametrize(
    ("join", "said"),
    [
        (Join(2, Tally(succeeded=2), 3), Verdict.WAIT),
        (Join(1, Tally(succeeded=3), 3), Verdict.RUN),
        (Join(1, Tally(succeeded=1, failed=2), 3), Verdict.UPSTREAM_FAILED),  # three are impossible, and why
        (Join(1, Tally(succeeded=1, skipped=2), 3), Verdict.WAIT),  # the last may fail, and would be to blame
        (Join(0, Tally(succeeded=2, skipped=2), 3), Verdict.SKIP),
        (Join(0, Tally(succeeded=2, skipped=1, upstream_failed=1), 3), Verdict.UPSTREAM_FAILED),
    ],
)
def test_at_least_three(join: Join, said: Verdict):
    assert verdict(TriggerRule.AT_LEAST, join) is said


def test_at_least_one_is_one_success():
    for join in joins(4, TriggerRule.ONE_SUCCESS):
        assert verdict(TriggerRule.AT_LEAST, replace(join, needed=1)) is verdict(TriggerRule.ONE_SUCCESS, join)


def test_what_waits_for_a_limited_time_runs_when_all_have_ended_or_the_time_is_up():
    rule, one = TriggerRule.ALL_DONE_WITHIN, Tally(failed=1)
    assert [verdict(rule, join) for join in (Join(1, one), Join(0, one), Join(1, one, late=True))] == [
        Verdict.WAIT,
        Verdict.RUN,
        Verdict.RUN,
    ]
