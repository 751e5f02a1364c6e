"""Runs inside runs on one machine, with real processes: they are killed, interrupted, cancelled, rerun and read."""

import signal

import pytest

from tests.e2e.command_line import Place, finish

NIGHT = """
name: night
params: {date: {type: date, default: 2026-11-28}}
steps:
  load: {graph: load, params: {table: a, date: "{{ params.date }}"}}
  report: {after: load, command: "echo {{ steps.load.outputs.rows }} rows of {{ steps.load.outputs.table }} > report"}
"""

#: ``wait`` says when it has started and ends when it is told to, once the file ``again`` is there at once.
LOAD = """
name: load
params: {table: {type: string}, date: {type: date}}
outputs: {rows: "{{ steps.count.outputs.rows }}", table: "{{ params.table }}"}
steps:
  ingest: {command: "echo $ORCHESTRATOR_PARAM_table of $ORCHESTRATOR_PARAM_date | tee -a ingested"}
  wait:
    after: ingest
    command: |
      [ -e again ] || { echo up > up; read word < go; }
      echo waited >> ingested
  count: {after: wait, command: "[ ! -e broken ] && echo '{\\"rows\\": 7}' > $ORCHESTRATOR_OUTPUTS"}
"""


@pytest.fixture
def night(place: Place) -> Place:
    place.write("night.yaml", NIGHT)
    place.write("load.yaml", LOAD)
    place.fifo("up")
    place.fifo("go")
    return place


START = ("run", "night.yaml", "--run-id", "r1", "--no-picture")
INGESTED = "a of 2026-11-28"


def test_a_run_inside_is_shown_by_its_step_and_in_no_list(night: Place) -> None:
    night.write("again", "")
    assert night(*START).code == 0
    assert night.read("report") == "7 rows of a\n"
    assert [run["run"] for run in night("runs", "--json").json] == ["r1"]
    inner = night("status", "r1", "--json").json["steps"]["load"]["run"]
    assert night("status", "r1/load", "--json").json["run"] == inner
    assert night("status", "r1/load").lines[-4:] == [
        "✓ ingest  succeeded          0.0 s", "✓ wait    succeeded          0.0 s",
        "✓ count   succeeded          0.0 s", "3 succeeded",
    ]  # fmt: skip
    assert night("logs", "r1", "load/ingest").out == night("logs", "r1/load", "ingest").out == f"{INGESTED}\n"
    assert night("explain", "r1", "load").lines[-1] == "  the run inside it: orchestrator status r1/load"
    assert night("explain", "r1", "load/count").lines == ["count: succeeded in 0.0 s", '  outputs: {"rows": 7}']
    assert [line.split()[-1] for line in night("story", "r1/load").lines][-1] == "succeeded"
    for words, said in (
        (("status", "r1/report"), "step 'report' of graph 'night' runs no graph, so there is no run inside it"),
        (("status", "r1/lod"), "graph 'night' has no step 'lod' (did you mean 'load'?)"),
        (("resume", "r1/load"), f"run '{inner}' is inside run 'r1', and goes on with it: resume that"),
        (
            ("rerun", "r1/load"),
            f"run '{inner}' is inside run 'r1', and runs again with it: rerun that, and name a "
            "step inside as STEP/STEP",
        ),
    ):
        refused = night(*words)
        assert (refused.code, refused.err) == (2, f"error: {said}\n")


def test_after_kill_9_both_runs_are_resumed_and_the_command_inside_is_taken_over(night: Place) -> None:
    running = night.start(*START)
    night.hear("up")
    running.kill()
    assert finish(running).code == -signal.SIGKILL
    assert night.look("status", "r1/load").out.splitlines()[-1] == (
        "no process drives this run: continue it with 'orchestrator resume r1'"
    )
    resumed = night.start("resume", "--json", "--no-picture")
    night.tell("go", "on")
    said = finish(resumed)
    assert (said.code, said.err) == (0, "")
    assert {name: step["attempt"] for name, step in said.json["steps"].items()} == {"load": 1, "report": 1}
    assert night.read("ingested").splitlines() == [INGESTED, "waited"]


def test_ctrl_c_stops_the_command_inside_and_only_that_runs_again(night: Place) -> None:
    running = night.start(*START)
    night.hear("up")
    running.send_signal(signal.SIGINT)
    assert finish(running).code == 130
    night.write("again", "")
    assert night("resume", "r1", "--no-picture").code == 0
    inner = night("status", "r1/load", "--json").json["steps"]
    assert {name: step["attempt"] for name, step in inner.items()} == {"ingest": 1, "wait": 2, "count": 1}
    assert night.read("ingested").splitlines() == [INGESTED, "waited"]


def test_a_cancelled_run_cancels_what_is_inside_and_says_who_and_why_there_too(night: Place) -> None:
    running = night.start(*START)
    night.hear("up")
    assert night("cancel", "r1", "--why", "wrong table").code == 0
    assert finish(running).code == 1
    for run in ("r1", "r1/load"):
        found = night("status", run, "--json").json
        assert (found["status"], found["cancelled"]["why"]) == ("cancelled", "wrong table")
    assert night.read("ingested").splitlines() == [INGESTED]


@pytest.mark.parametrize("steps", [(), ("load",)])
def test_what_nobody_drives_is_cancelled_inside_as_well(night: Place, steps: tuple[str, ...]) -> None:
    running = night.start(*START)
    night.hear("up")
    running.kill()
    finish(running)
    assert night("cancel", "r1", *steps, "--why", "wrong table").code == 0
    assert night("status", "r1/load", "--json").json["status"] == "cancelled"
    assert night("status", "r1", "--json").json["steps"]["load"]["status"] == "cancelled"


def test_what_failed_inside_is_told_outside_and_runs_again_alone_with_the_next_attempt(night: Place) -> None:
    night.write("night.yaml", NIGHT.replace("graph: load,", "graph: load, retry: {attempts: 2, delay: 0s},"))
    night.write("again", "")
    night.write("broken", "")
    failed = night(*START)
    assert failed.code == 1
    assert "load failed after 2 attempts: step 'count' failed: exit status 1" in failed.out
    assert "  load/count failed: exit status 1\n" in failed.out
    assert night.read("ingested").splitlines() == [INGESTED, "waited"]  # the second attempt kept both
    assert [line for line in night("logs", "r1").lines if line.startswith("==>")] == [
        "==> load, attempt 2: failed: step 'count' failed: exit status 1 <==",
        "==> load/count, attempt 1: failed: exit status 1 <==",
    ]


def test_pruning_takes_what_is_inside_along(night: Place) -> None:
    night.write("again", "")
    assert night(*START).code == 0
    inner = night("status", "r1", "--json").json["steps"]["load"]["run"]
    assert (night.folder / ".orchestrator/runs" / inner).is_dir()
    assert night("prune", "--older-than", "0s", "--yes").code == 0
    assert night("status", inner).code == 2
    assert not (night.folder / ".orchestrator/runs" / inner).exists()
