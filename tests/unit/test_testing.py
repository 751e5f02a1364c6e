"""Simulated runs for the tests of users' graphs: what is launched, how it ends, and that no time passes."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator import Graph
from orchestrator.errors import NotFoundError, UsageError
from orchestrator.testing import Attempt, SimulatedRun, fail, hang, run_graph, simulate, succeed

__all__ = ["run_graph"]

Simulate = Callable[..., SimulatedRun]

PIPELINE = """
name: sales
params:
  date: {type: date, default: today}
  full: {type: bool, default: true}
defaults:
  retry: {attempts: 3, delay: 10m}
  timeout: 1h
steps:
  load:
    dataflow:
      template: gs://bucket/load.json
      region: europe-west4
      parameters: {input: "gs://{{ run.deployment.bucket }}/{{ params.date }}.csv"}
    local: {command: [echo, "{{ params.date }}"]}
  check: {after: load, call: "checks:check"}
  pause: {after: check, wait: 2h}
  report:
    after: [load, pause]
    when: "{{ params.full }}"
    dataflow:
      template: gs://bucket/report.json
      region: europe-west4
      parameters: {rows: "{{ steps.load.outputs.rows }}"}
  clean: {after: report, teardown: true, command: [rm, "{{ run.dir }}/x"]}
"""


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.yaml"
    path.write_text("deploy: false\n" + PIPELINE)
    return path


ROWS = {"load": succeed({"rows": 42})}


def test_what_would_be_launched_is_there_with_its_values(sales: Path, run_graph: Simulate, tmp_path: Path):
    run = run_graph(sales, {"date": "2026-01-31"}, steps=ROWS, deployment={"bucket": "b"})
    assert run.status == "succeeded"
    assert [attempt.step for attempt in run.launched] == ["load", "check", "pause", "report", "clean"]
    (load,) = run.attempts("load")
    assert (load.kind, load.number, load.params["full"]) == ("dataflow", 1, True)
    assert load.spec["template"] == "gs://bucket/load.json"
    assert load.spec["parameters"] == {"input": "gs://b/2026-01-31.csv"}
    assert run.attempts("report")[0].spec["parameters"] == {"rows": 42}
    assert run.attempts("clean")[0].spec == {"command": ["rm", f"{tmp_path}/run/x"]}
    assert load.folder == tmp_path / "run"
    assert run.outputs("load") == {"rows": 42}


def test_time_passes_only_in_the_simulation(sales: Path, run_graph: Simulate):
    begin = datetime(2026, 1, 31, 6, tzinfo=UTC)
    run = run_graph(sales, steps={"load": succeed({"rows": 1}, after=timedelta(minutes=5))}, at=begin)
    assert run.params["date"] == "2026-01-31"
    assert run.started_at == begin
    assert run.took == timedelta(hours=2, minutes=5)
    assert run.attempts("report")[0].at == begin + timedelta(hours=2, minutes=5)


def test_a_step_that_fails_some_times_is_tried_again_after_its_delay(sales: Path, run_graph: Simulate):
    run = run_graph(sales, steps={"load": [fail("busy"), fail("busy"), succeed({"rows": 1})]})
    assert run.steps["load"].attempts == 3
    first, second, third = (attempt.at for attempt in run.attempts("load"))
    assert (second - first, third - second) == (timedelta(minutes=10), timedelta(minutes=20))
    assert run_graph(sales, steps={**ROWS, "check": fail(times=2)}).steps["check"].attempts == 3


def test_a_failure_is_told_and_so_is_what_it_keeps_from_running(sales: Path, run_graph: Simulate):
    run = run_graph(sales, steps={**ROWS, "check": fail("no such table", permanent=True, cause="user_code")})
    assert (run.status, run.failed) == ("failed", ["check"])
    check = run.steps["check"]
    assert (check.attempts, check.error, check.cause) == (1, "no such table", "user_code")
    assert sorted(run.skipped) == ["pause", "report"]
    assert run.skipped["pause"].endswith("but check failed\ncheck failed (user_code): no such table")
    assert run.steps["clean"].status == "succeeded"


def test_a_condition_that_is_false_skips(sales: Path, run_graph: Simulate):
    run = run_graph(sales, {"full": False}, steps=ROWS)
    assert run.succeeded
    assert run.attempts("report") == []
    assert list(run.skipped) == ["report"]
    assert "when" in run.skipped["report"]


def test_a_step_that_hangs_is_ended_by_its_timeout(sales: Path, run_graph: Simulate):
    run = run_graph(sales, steps={"load": hang()})
    assert (run.steps["load"].cause, run.steps["load"].attempts) == ("timeout", 3)
    assert run.took is not None
    assert run.took >= timedelta(hours=3)


def test_a_function_takes_the_place_of_a_step(sales: Path, run_graph: Simulate):
    def load(attempt: Attempt):
        if attempt.number == 1:
            raise ValueError("no such day")
        return {"rows": len(attempt.spec["parameters"])}

    run = run_graph(sales, steps={"load": load, "check": lambda _: fail("wrong", permanent=True)})
    assert run.outputs("load") == {"rows": 1}
    assert run.steps["check"].error == "wrong"
    odd = run_graph(sales, steps={"load": lambda _: {"at": datetime(2026, 1, 1, tzinfo=UTC)}})
    assert (odd.steps["load"].cause, odd.steps["load"].attempts) == ("outputs", 1)


def test_an_assertion_in_a_function_fails_the_test_and_not_the_step(sales: Path, run_graph: Simulate):
    def load(attempt: Attempt):
        raise AssertionError("not like this")

    with pytest.raises(AssertionError, match="not like this"):
        run_graph(sales, steps={"load": load})


def test_local_blocks_are_launched_if_that_is_wanted(sales: Path, run_graph: Simulate):
    run = run_graph(sales, {"date": "2026-01-31"}, steps=ROWS, local=True)
    assert (run.launched[0].kind, run.launched[0].spec) == ("command", {"command": ["echo", "2026-01-31"]})


def test_parameters_are_made_by_the_steps_function(tmp_path: Path):
    (tmp_path / "made_here.py").write_text(
        "def made(date):\n    if date < '2026':\n        raise ValueError('too old')\n    return {'day': date}\n"
    )
    (tmp_path / "g.yaml").write_text(
        "name: g\nparams: {date: {type: date, default: today}}\nsteps:\n  a:\n    dataflow:\n"
        "      template: gs://b/a.json\n      region: europe-west4\n      parameters_from: made_here:made\n"
    )
    good = simulate(tmp_path / "g.yaml", {"date": "2026-01-31"})
    assert good.attempts("a")[0].spec["parameters"] == {"day": "2026-01-31"}
    bad = simulate(tmp_path / "g.yaml", {"date": "2025-01-31"})
    assert (bad.failed, bad.steps["a"].cause) == (["a"], "exception")
    assert "too old" in str(bad.steps["a"].error)


def test_such_a_function_has_the_variables_of_all_steps(tmp_path: Path):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "orchestrator.yaml").write_text("env: {SEASON: winter}\n")
    (tmp_path / "graphs/seasonal.py").write_text("import os\ndef made():\n    return {'s': os.environ['SEASON']}\n")
    (tmp_path / "graphs/g.yaml").write_text(
        "name: g\nsteps:\n  a: {dataflow: {template: gs://b/a.json, region: r, parameters_from: 'seasonal:made'}}\n"
    )
    run = simulate(tmp_path / "graphs/g.yaml")
    assert run.attempts("a")[0].spec["parameters"] == {"s": "winter"}
    assert "SEASON" not in os.environ


def test_a_run_that_waits_for_a_person_is_running():
    graph = Graph("g", deploy=False)
    graph.step("a", command="false", on_failure="hold") >> graph.step("b", command="true")
    run = simulate(graph, steps={"a": fail("no")})
    assert (run.status, run.took, run.steps["a"].status) == ("running", None, "needs_attention")


def test_what_is_wrong_with_the_replacements_is_told(sales: Path):
    graph = Graph("g", deploy=False)
    graph.step("a", command="true") >> graph.step("b")
    with pytest.raises(NotFoundError, match=r"steps: graph 'sales' has no step 'laod' \(did you mean 'load'"):
        simulate(sales, steps={"laod": succeed()})
    with pytest.raises(UsageError, match="steps: step 'b' has no job"):
        simulate(graph, steps={"b": succeed()})
    with pytest.raises(UsageError, match=r"steps: a: expected succeed\(…\), fail\(…\), hang\(\), a function or a list"):
        simulate(graph, steps={"a": {"rows": 1}})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="the run has not ended within its limit: a is running; hang"):
        simulate(graph, steps={"a": hang()}, limit=timedelta(days=1))


@pytest.mark.slow
def test_it_is_a_plugin_of_pytest(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(
        "from orchestrator.testing import succeed\npytest_plugins = ['orchestrator.testing']\n"
    )
    (tmp_path / "test_g.py").write_text(
        "from orchestrator import Graph\n"
        "def test_g(run_graph, tmp_path):\n"
        "    graph = Graph('g', deploy=False)\n"
        "    graph.step('a', command=['touch', '{{ run.dir }}'])\n"
        "    assert run_graph(graph).launched[0].spec == {'command': ['touch', str(tmp_path / 'run')]}\n"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
