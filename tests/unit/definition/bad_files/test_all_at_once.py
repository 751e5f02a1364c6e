"""All that is wrong with a file is said at once, each with its place."""

import pytest

from orchestrator.errors import InvalidGraphError
from tests.unit.definition.conftest import Load, Refusal

STEP = "name: g\nsteps:\n  a:\n    "


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(refusal: Refusal) -> None:
    text = """
name: sales
params:
  date: {type: date, default: tomorow}
defaults:
  retry: {attempts: 3, delay: 60}
steps:
  extract-orders:
    dataflow:
      template: gs://bucket/orders.json
      regoin: europe-west4
      parameters: {input: "gs://raw/{{ params.dat }}/orders.csv"}
    timeout: 6 h
  report:
    after: [extract-order, report]
    when: params.full
    command: ["echo", "{{ steps.extract-orders.output.rows }}", "{{ steps.later.status }}"]
  later: {after: report}
  a: {next: b}
  b: {next: a}
"""
    assert refusal(text) == [
        "g.yaml:4: param 'date': default: expected a date such as 2025-01-31, today or yesterday, got 'tomorow'",
        "g.yaml:6: defaults: retry.delay: expected a duration such as 30s, 10m, 6h or 2d, got the number 60: "
        "write 60s if seconds are meant",
        "g.yaml:11: step 'extract-orders': dataflow.regoin: unknown key (did you mean 'region'?)",
        "g.yaml:12: step 'extract-orders': dataflow.parameters.input: no param is called 'dat' (did you mean 'date'?)",
        "g.yaml:13: step 'extract-orders': timeout: expected a duration such as 30s, 10m, 6h or 2d, got '6 h'",
        "g.yaml:15: step 'report': after: no step is called 'extract-order' (did you mean 'extract-orders'?)",
        "g.yaml:15: step 'report': after: a step cannot come after itself",
        "g.yaml:16: step 'report': when: expected one expression such as \"{{ params.full }}\" and nothing else, "
        "got 'params.full'",
        "g.yaml:17: step 'report': command[1]: a step has outputs and status, not 'output' (did you mean 'outputs'?)",
        "g.yaml:17: step 'report': command[2]: step 'later' does not come before this one: add it to 'after'",
        "g.yaml:19: step 'a': after: these steps wait for each other in a cycle: a -> b -> a",
    ]


def test_the_problems_keep_their_places(load: Load) -> None:
    with pytest.raises(InvalidGraphError) as refused:
        load(STEP + "wait: 5")
    (problem,) = refused.value.problems
    assert problem.path == ("steps", "a", "wait")
