"""A step's pool and priority, as they are written, and what is told of pools that there are not."""

from pathlib import Path

import pytest

from orchestrator.cli.commands.validate import check
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.project import check_pools
from orchestrator.errors import UsageError
from tests.unit.definition.conftest import Load, Refusal

GRAPH = """
name: g
defaults: {pool: big-query}
steps:
  a: {command: echo, priority: 5}
  b: {command: echo, pool: other}
  end: {after: [a, b]}
"""


def test_a_step_has_a_pool_and_a_priority_and_defaults_are_for_steps_with_a_job(load: Load) -> None:
    graph = load(GRAPH)
    assert [(step.name, step.pool, step.priority) for step in graph.steps] == [
        ("a", "big-query", 5),
        ("b", "other", 0),
        ("end", None, 0),
    ]
    assert build(document(graph)) == (graph, [])


def test_a_priority_is_at_most_1000(load: Load, refusal: Refusal) -> None:
    text = "name: g\nsteps:\n  a: {command: echo, priority: %d}\n"
    assert load(text % 1000).steps[0].priority == 1000
    assert refusal(text % 1001) == ["g.yaml:3: step 'a': priority: expected at most 1000, got the number 1001"]
    assert refusal(text % -1) == ["g.yaml:3: step 'a': priority: expected at least 0, got the number -1"]


def test_a_step_that_ends_at_once_needs_no_place(refusal: Refusal) -> None:
    assert refusal("name: g\nsteps:\n  a: {pool: p}\n") == [
        "g.yaml:3: step 'a': pool: a step without a job needs no place in a pool: leave the key out"
    ]


def test_validate_finds_a_pool_that_there_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "g.yaml").write_text(GRAPH)
    (tmp_path / "orchestrator.yaml").write_text("pools: {big-query: 3, others: 1}\n")
    found, _ = check("graphs/g.yaml")
    assert found.problems == (
        "graphs/g.yaml:6: step 'b': pool: no pool is called 'other' (did you mean 'others'?): "
        "add it to orchestrator.yaml, as in 'pools: {other: 5}'",
    )
    (tmp_path / "orchestrator.yaml").write_text("pools: {big-query: 3, other: none}\n")
    found, _ = check("graphs/g.yaml")
    assert found.problems == (f"{tmp_path}/orchestrator.yaml:1: pools.other: expected a whole number, got 'none'",)


def test_a_run_with_a_pool_that_there_is_not_is_refused(load: Load) -> None:
    with pytest.raises(UsageError, match="step 'b': pool: no pool is called 'other'"):
        check_pools(load(GRAPH).steps, {"big-query": 3})
