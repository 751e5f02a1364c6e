"""The oracle's reading of the rules, against what Airflow itself answered once every predecessor had ended."""

from orchestrator.core.rules import TriggerRule
from tests.shared import reference
from tests.simulation.oracle import judged


def test_the_oracle_agrees_with_airflow_on_every_complete_join_of_up_to_four() -> None:
    rows = [
        (row["rule"], row["upstream"], row["outcome"])
        for row in reference("trigger_rules/airflow_truth_table_upto2.json")["rows"]
        if not row["upstream"]["pending"]
    ]
    assert {rule for rule, _, _ in rows} == set(TriggerRule)
    for rule, counts, outcome in rows:
        ended = ["succeeded" if word == "success" else word for word, count in counts.items() for _ in range(count)]
        assert judged(rule, ended) == outcome, (rule, counts)
