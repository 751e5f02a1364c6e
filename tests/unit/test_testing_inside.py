"""Simulated runs of graphs with runs inside: steps that run graphs, and steps for each item of a list."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.errors import NotFoundError, UsageError
from orchestrator.testing import Attempt, fail, hang, simulate, succeed

OUTER = """
name: outer
deploy: false
params: {tables: {type: list, default: [orders, customers]}}
steps:
  sub: {graph: inner, params: {table: outer}, timeout: 1h, retry: {attempts: 2, delay: 1m}}
  each:
    map: "{{ params.tables }}"
    command: [load, "{{ item }}", "{{ index }}", "{{ run.dir }}"]
    pool: loads
  table: {after: each, map: "{{ params.tables }}", graph: inner, params: {table: "{{ item }}"}}
  report: {after: each, command: [report, "{{ steps.each.outputs['items'] }}"], trigger: all_done}
"""

INNER = """
name: inner
deploy: false
params: {table: {type: string}}
outputs: {rows: "{{ steps.count.outputs.rows }}"}
steps:
  fetch: {command: [fetch, "{{ params.table }}", "{{ run.dir }}"]}
  pause: {after: fetch, wait: 10m}
  count: {after: pause, call: "counts:count"}
  mark: {after: count}
"""

COUNTED = {"sub/count": succeed({"rows": 3}), "table/*/count": succeed({"rows": 5})}


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    (tmp_path / "inner.yaml").write_text(INNER)
    (tmp_path / "outer.yaml").write_text(OUTER)
    return tmp_path / "outer.yaml"


def test_what_is_inside_is_launched_and_named_by_its_path(outer: Path):
    run = simulate(outer, steps=COUNTED, folder=Path("dir"))
    assert run.succeeded
    assert run.took == timedelta(minutes=10)
    assert run.outputs("sub") == {"rows": 3}
    assert run.outputs("each") == {"count": 2, "succeeded": 2, "failed": 0}
    (sub,) = run.attempts("sub")
    assert (sub.kind, sub.spec) == ("graph", {"graph": "inner", "params": {"table": "outer"}})
    (each,) = run.attempts("each")
    assert (each.kind, each.spec) == ("map", {"map": ["orders", "customers"]})
    assert [one.spec["command"] for one in run.attempts("each/*")] == [
        ["load", "orders", 0, "dir"],
        ["load", "customers", 1, "dir"],
    ]
    assert [one.step for one in run.attempts("table/*/fetch")] == ["table/0/fetch", "table/1/fetch"]
    (fetch,) = run.attempts("table/1/fetch")
    assert (fetch.params, fetch.folder) == ({"table": "customers"}, Path("dir/table/1"))
    assert fetch.spec["command"] == ["fetch", "customers", "dir/table/1"]


def test_a_step_inside_is_replaced_by_its_own_name_rather_than_by_that_of_all(outer: Path):
    def load(attempt: Attempt):
        return {"from": attempt.params["item"], "step": attempt.step}

    run = simulate(outer, steps=COUNTED | {"each/*": load, "each/1": succeed({"own": 1})})
    items = [{"from": "orders", "step": "each/0"}, {"own": 1}]
    assert run.attempts("report")[0].spec["command"] == ["report", items]


def test_a_failure_inside_fails_the_step_and_is_tried_again(outer: Path):
    ends = iter([fail("busy"), succeed()])
    run = simulate(outer, steps=COUNTED | {"sub/fetch": lambda _: next(ends), "each/1": fail("no such table")})
    assert (run.failed, run.steps["sub"].attempts) == (["each"], 2)
    assert run.steps["each"].error == "1 of 2 items failed: 1 scripted"
    assert [one.number for one in run.attempts("sub/fetch")] == [1, 1]
    assert run.attempts("table/0/fetch") == []


def test_the_timeout_of_a_step_ends_what_hangs_inside_it(outer: Path):
    run = simulate(outer, steps=COUNTED | {"sub/fetch": hang()})
    assert (run.failed, run.steps["sub"].cause, run.steps["sub"].attempts) == (["sub"], "timeout", 2)


def test_a_step_with_a_run_inside_is_replaced_as_a_whole(outer: Path):
    items = [{"rows": 1}, None]
    replaced = {"sub": succeed({"rows": 9}), "table": fail("no"), "each": succeed({"count": 2, "items": items})}
    run = simulate(outer, steps=replaced)
    assert (run.failed, run.outputs("sub")) == (["table"], {"rows": 9})
    assert {one.step for one in run.launched} == {"sub", "each", "table", "report"}
    assert run.attempts("report")[0].spec["command"] == ["report", items]


def test_a_list_that_is_wrong_fails_the_step_for_the_real_reason(tmp_path: Path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "name: m\ndeploy: false\nsteps:\n  list: {command: 'true'}\n"
        '  each: {after: list, map: "{{ steps.list.outputs.files }}", command: "true"}\n'
    )
    run = simulate(path, steps={"list": succeed({"files": "abc"})})
    assert run.steps["each"].error == "map: expected a list, got 'abc'"
    assert "each" in simulate(path, steps={"list": succeed({"files": []})}).skipped


def test_more_items_than_are_delivered_at_a_time(tmp_path: Path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "name: m\ndeploy: false\nparams: {of: {type: list}}\nsteps: {each: {map: '{{ params.of }}', wait: 1h}}\n"
    )
    run = simulate(path, {"of": list(range(200))})
    assert (run.took, run.outputs("each")["succeeded"]) == (timedelta(hours=1), 200)


def test_a_name_inside_that_does_not_exist_is_told(outer: Path):
    with pytest.raises(NotFoundError, match=r"steps: graph 'outer' has no step 'sub/fetsh' \(did you mean 'sub/fetch'"):
        simulate(outer, steps={"sub/fetsh": succeed()})
    with pytest.raises(NotFoundError, match="no step 'each/each'"):
        simulate(outer, steps={"each/each": succeed()})
    with pytest.raises(NotFoundError, match="no step 'sub/0'"):
        simulate(outer, steps=COUNTED).attempts("sub/0")
    with pytest.raises(UsageError, match="steps: step 'table/0/mark' has no job"):
        simulate(outer, steps={"table/0/mark": succeed()})
