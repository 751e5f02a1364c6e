"""The oracle's reading of the rules, against what Airflow itself answered once every predecessor had ended."""

from orchestrator.core.rules import TriggerRule
from tests.fixtures import fixture
from tests.simulation.oracle import judged


def test_the_oracle_agrees_with_airflow_on_every_complete_join_of_up_to_four() -> None:
    counted = ("success", "failed", "skipped", "upstream_failed")
    rows = [row for row in fixture("rules/truth-table")["rows"] if not row[-2]]
    assert {row[0] for row in rows} == set(TriggerRule) - {TriggerRule.AT_LEAST, TriggerRule.ALL_DONE_WITHIN}
    for rule, *counts, _, outcome in rows:
        ended = [word for word, count in zip(counted, counts, strict=True) for _ in range(count)]
        assert judged(rule, ["succeeded" if word == "success" else word for word in ended]) == outcome, (rule, counts)
