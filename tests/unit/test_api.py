"""The Python API on one machine: runs, reruns, interruptions; and that it leaves the process as it was."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date
from pathlib import Path

import pytest

import orchestrator
from orchestrator import Graph, RunResult, StepResult
from orchestrator.errors import InUseError, InvalidGraphError, NotFoundError, RunFailedError, UsageError
from orchestrator.home import Home

#: Fails until there is a file ``mended`` beside it.
SALES = """
name: sales
params:
  date: {type: date, default: today}
steps:
  load:
    command: |
      echo loading
      echo '{"rows": 42}' > "$ORCHESTRATOR_OUTPUTS"
  check:
    after: load
    command: "test -e mended || { echo 'nothing is mended' >&2; exit 3; }"
  report: {after: check, command: "echo {{ params.date }} {{ steps.load.outputs.rows }} >> reports"}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the graph ``sales``, as the current folder."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/sales.yaml").write_text(SALES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path / ".orchestrator"))  # these graphs are written in this file
    return tmp_path


def small(name: str = "small") -> Graph:
    graph = Graph(name, params={"n": 1}, deploy=False)
    graph.step("a", wait="0s") >> graph.step("b")
    return graph


def test_a_run_that_succeeds_tells_each_step_and_what_it_left(here: Path):
    (here / "graphs/mended").touch()
    run = orchestrator.run("graphs/sales.yaml", {"date": date(2026, 1, 31)}, run_id="s1")
    assert (run.id, run.graph, run.status, run.succeeded, run.failed) == ("s1", "sales", "succeeded", True, [])
    assert run.params == {"date": "2026-01-31"}
    assert [(step.name, step.status, step.attempts) for step in run.steps.values()] == [
        ("load", "succeeded", 1),
        ("check", "succeeded", 1),
        ("report", "succeeded", 1),
    ]
    assert run.outputs("load") == {"rows": 42}
    assert run.outputs("report") == {}
    assert (here / "graphs/reports").read_text() == "2026-01-31 42\n"
    load = run.steps["load"]
    assert load.log is not None
    assert load.log.read_text() == "loading\n"
    assert load.started_at is not None
    assert load.ended_at is not None
    assert run.started_at <= load.started_at <= load.ended_at
    assert load.ended_at.tzinfo is UTC
    assert run.home == here / ".orchestrator"
    assert run.warnings == ()
    assert repr(run) == "RunResult(id='s1', status='succeeded', steps=3)"


def test_a_run_that_fails_raises_with_the_result_and_a_rerun_keeps_what_succeeded(here: Path):
    with pytest.raises(RunFailedError, match=r"^run 's1' failed: check: exit status 3: nothing is mended") as failed:
        orchestrator.run("sales", run_id="s1")
    first = failed.value.result
    assert isinstance(first, RunResult)
    assert first.failed == ["check"]
    assert [step.status for step in first.steps.values()] == ["succeeded", "failed", "upstream_failed"]
    assert (first.steps["check"].cause, first.steps["report"].attempts) == ("exit", 0)
    (here / "graphs/mended").touch()
    second = orchestrator.rerun("s1")
    assert (second.id, second.rerun_of, second.status) == ("s1.2", "s1", "succeeded")
    assert [(step.name, step.kept) for step in second.steps.values()] == [
        ("load", True),
        ("check", False),
        ("report", False),
    ]
    assert second.outputs("load") == {"rows": 42}
    assert orchestrator.rerun("s1.2", {"date": "2026-02-01"}, new_id="other").id == "other"
    assert (here / "graphs/reports").read_text().splitlines()[1:] == ["2026-02-01 42"]
    assert orchestrator.rerun("s1.2", only="report", same_version=True).id == "s1.3"
    with pytest.raises(UsageError, match="every step of run 'other' succeeded"):
        orchestrator.rerun("other")


def test_a_failure_is_returned_if_that_is_wanted(here: Path):
    run = orchestrator.run("sales", check=False)
    assert (run.status, run.failed) == ("failed", ["check"])
    assert repr(run).endswith("status='failed', steps=3, failed=['check'])")
    with pytest.raises(RunFailedError, match=run.id):
        run.raise_for_failure()
    with pytest.raises(NotFoundError, match=r"graph 'sales' has no step 'laod' \(did you mean 'load'"):
        run.outputs("laod")


def test_a_run_that_has_ended_is_not_run_again_but_told_again(here: Path):
    first = orchestrator.run(small(), run_id="r")
    assert orchestrator.run(small(), run_id="r") == first
    assert orchestrator.resume("r") == first
    assert orchestrator.status("r") == first
    assert orchestrator.status() == first
    assert first.raise_for_failure() is first
    with pytest.raises(UsageError, match="was started with other params"):
        orchestrator.run(small(), {"n": 2}, run_id="r")


def test_what_is_wrong_is_told_before_anything_is_written(here: Path):
    with pytest.raises(UsageError, match="param 'm': this graph has no such param"):
        orchestrator.run(small(), {"m": 2})
    broken = Graph("broken")
    broken.step("a", after="nothing")
    with pytest.raises(InvalidGraphError):
        orchestrator.run(broken)
    with pytest.raises(NotFoundError):
        orchestrator.run("slaes")
    cloud = Graph("cloud")
    cloud.step("a", dataflow={"template": "gs://bucket/a.json"})
    with pytest.raises(UsageError, match="Dataflow steps without a local: block"):
        orchestrator.run(cloud)
    assert not (here / ".orchestrator").exists()
    with pytest.raises(NotFoundError, match="nothing has run here yet"):
        orchestrator.status("r")


def test_a_home_may_be_given(here: Path):
    run = orchestrator.run(small(), home="elsewhere")
    assert run.home == here / "elsewhere"
    assert orchestrator.status(run.id, home=run.home) == run
    assert not (here / ".orchestrator").exists()


def test_it_runs_in_any_thread_and_several_at_once(here: Path):
    found: list[RunResult] = []
    before = signal.getsignal(signal.SIGINT)
    threads = [threading.Thread(target=lambda n=n: found.append(orchestrator.run(small(), {"n": n}))) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.params["n"] for run in found) == [0, 1, 2]
    assert {run.status for run in found} == {"succeeded"}
    assert signal.getsignal(signal.SIGINT) is before


HELPERS = """
import os, signal, threading
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    return {"told": threading.current_thread().name}
"""


def test_an_interruption_is_raised_on_and_the_run_continues_where_it_was(here: Path):
    (here / "helpers.py").write_text(HELPERS)
    (here / "long.yaml").write_text(
        "name: long\nsteps:\n  first: {python: 'helpers:interrupt'}\n  then: {after: first, command: 'echo then'}\n"
    )
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    threads = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt, match=r"run 'l' was interrupted: orchestrator.resume\('l'\) continues it"):
        orchestrator.run("long.yaml", run_id="l")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    seen = orchestrator.status("l")
    assert seen.status == "interrupted"
    assert [step.status for step in seen.steps.values()] == ["succeeded", "pending"]
    done = orchestrator.resume("l")
    assert done.steps["first"] == seen.steps["first"]
    assert done.steps["then"].status == "succeeded"
    left = set(threading.enumerate()) - threads  # others may have left theirs in this process
    for thread in left:
        thread.join(180)
    assert not any(thread.is_alive() for thread in left)


def test_an_interruption_ends_the_commands_that_run(here: Path):
    graph = Graph("g", params={"pid": os.getpid()}, deploy=False)
    graph.step("a", command="cd {{ run.dir }}; test -e seen && exit; touch seen; kill -INT {{ params.pid }}; sleep 600")
    with pytest.raises(KeyboardInterrupt):
        orchestrator.run(graph, run_id="r", home=here / "runs")
    assert orchestrator.status("r", home=here / "runs").steps["a"].status == "up_for_retry"
    assert orchestrator.resume("r", home=here / "runs").steps["a"].attempts == 2


def test_a_handler_of_the_caller_is_left_in_place(here: Path):
    (here / "helpers.py").write_text(HELPERS)
    heard: list[int] = []
    (here / "g.py").write_text(
        "from orchestrator import Graph, step\nwith Graph('g', deploy=False) as graph:\n"
        "    step('a', python='helpers:interrupt') >> step('b', wait='0.2s')\n"
    )
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        assert orchestrator.run("g.py").succeeded
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_a_run_that_somebody_drives_is_not_driven_twice(here: Path):
    home = Home(here / ".orchestrator")
    home.make()
    with home.driving("r"), pytest.raises(InUseError, match="is being driven by another process"):
        orchestrator.run(small(), run_id="r")


@pytest.mark.slow
def test_a_script_runs_the_functions_beside_it_and_nothing_is_printed(here: Path):
    (here / "tools.py").write_text("def double(n):\n    print('inside')\n    return {'n': 2 * n}\n")
    (here / "flow.py").write_text(
        "import orchestrator, tools\n"
        "if __name__ == '__main__':\n"
        "    with orchestrator.Graph('flow', deploy=False) as graph:\n"
        "        orchestrator.step('a', python=tools.double, args={'n': 21})\n"
        "    assert orchestrator.run(graph).outputs('a') == {'n': 42}\n"
    )
    done = subprocess.run(
        [sys.executable, "flow.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(orchestrator.__file__).parents[1])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_imports_nothing_of_it():
    code = "import sys, orchestrator; print(sorted(m for m in sys.modules if m.startswith('orchestrator')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['orchestrator']\n"


def test_starting_needs_to_know_where(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ORCHESTRATOR_PROJECT", raising=False)
    with pytest.raises(UsageError, match="project: expected a value, or one in ORCHESTRATOR_PROJECT, got none"):
        orchestrator.start("sales")


def test_a_step_that_was_never_there_is_a_plain_value():
    assert StepResult("a", "pending") == StepResult("a", "pending", 0, {}, None)


def test_so_do_the_functions_that_make_the_parameters_of_simulated_jobs(here: Path, capsys: pytest.CaptureFixture[str]):
    (here / "orchestrator.yaml").write_text("env: {SEASON: winter}\n")
    (here / "graphs/seasons.py").write_text(
        "import os\nimport subprocess\nSEASON = os.environ['SEASON']\n\n\n"
        "def made():\n    assert SEASON == os.environ['SEASON']\n    print('it is', SEASON)\n"
        "    subprocess.run('echo still $SEASON', shell=True, check=True)\n    return {}\n"
    )
    job = "{template: gs://b/t, region: r, parameters_from: 'seasons:made'}"
    (here / "graphs/seasons.yaml").write_text(f"name: seasons\nsteps:\n  a: {{dataflow: {job}}}\n")
    run = orchestrator.run("graphs/seasons.yaml", fake_dataflow=True)
    assert "SEASON" not in os.environ
    log = run.steps["a"].log
    assert log is not None
    assert log.read_text() == "it is winter\nstill winter\n"
    assert capsys.readouterr().out == ""


def test_steps_get_the_projects_variables_and_their_own_take_precedence(here: Path):
    (here / "orchestrator.yaml").write_text("env: {SEASON: winter, YEAR: 2026}\n")
    (here / "graphs/seasons.py").write_text(
        "import os\nSEASON = os.environ['SEASON']\n\n\n"
        "def tell():\n    os.environ['YEAR'] += '!'\n    return {'said': [SEASON, os.environ['YEAR']]}\n"
    )
    tells = """command: 'echo "{\\"said\\": [\\"$SEASON\\", \\"$YEAR\\"]}" > "$ORCHESTRATOR_OUTPUTS"'"""
    (here / "graphs/seasons.yaml").write_text(
        "name: seasons\nsteps:\n"
        f"  all: {{{tells}}}\n  own: {{{tells}, env: {{SEASON: summer}}}}\n"
        "  function: {python: 'seasons:tell'}\n  apart: {python: 'seasons:tell', isolated: true}\n"
    )
    run = orchestrator.run("graphs/seasons.yaml")
    said = {name: step.outputs["said"] for name, step in run.steps.items()}
    mine, winter = ["summer", "2026"], ["winter", "2026"]
    assert said == {"all": winter, "own": mine, "function": ["winter", "2026!"], "apart": ["winter", "2026!"]}
    assert "SEASON" not in os.environ
