"""A run id that is used again after the database was removed: nothing of the earlier run is taken for the new one's."""

import json
import signal
import sqlite3
from contextlib import closing

import pytest

from tests.e2e.command_line import Place, finish

GRAPH = """
name: sales
params: {n: {type: int}}
steps:
  shell: {command: 'echo "{\\"n\\": $ORCHESTRATOR_PARAM_n}" > "$ORCHESTRATOR_OUTPUTS"; ls "$ORCHESTRATOR_RUN_DIR" > seen; echo $ORCHESTRATOR_PARAM_n > "$ORCHESTRATOR_RUN_DIR/x"; cat "$ORCHESTRATOR_PARAMS"'}
  thread: {python: "steps:give", args: {n: "{{ params.n }}"}}
  apart: {python: "steps:give", args: {n: "{{ params.n }}"}, isolated: true}
  call: {call: "steps:give"}
"""  # noqa: E501
STEPS = """
def give(n):
    print("given", n)
    return {"n": int(n)}
"""


def forget(place: Place) -> None:
    """Remove the record of all that has run."""
    for file in (place.folder / ".orchestrator").glob("orchestrator.db*"):
        file.unlink()


@pytest.fixture
def again(place: Place) -> Place:
    place.write("sales.yaml", GRAPH)
    place.write("steps.py", STEPS)
    return place


def outputs(place: Place, n: int) -> dict[str, object]:
    said = place("run", "sales.yaml", "--run-id", "r1", "-p", f"n={n}", "--json")
    assert said.code == 0, said
    return {name: step["outputs"] for name, step in said.json["steps"].items()}


@pytest.mark.slow
def test_a_run_whose_id_was_used_before_runs_and_reads_nothing_of_the_earlier_one(again: Place):
    names = ("shell", "thread", "apart", "call")
    assert outputs(again, 1) == {name: {"n": 1} for name in names}
    forget(again)
    assert outputs(again, 2) == {name: {"n": 2} for name in names}
    assert (again.folder / "seen").read_text() == ""
    for name, said in (("shell", '{"n": 2}'), ("thread", "given 2"), ("apart", "given 2")):
        assert [line.split("  ")[-1] for line in again.look("logs", "r1", name).out.splitlines()][-1] == said
    folder = again.folder / ".orchestrator/runs/r1"
    kept = folder / "earlier/1"
    assert [json.loads((where / "params.json").read_text()) for where in (kept, folder)] == [{"n": 1}, {"n": 2}]
    assert (kept / "data/x").read_text() == "1\n"
    forget(again)
    said = again("run", "sales.yaml", "--run-id", "r1", "-p", "n=3")
    assert said.err == f"files of an earlier run with the id r1 were moved to {folder / 'earlier/2'}\n"
    assert (folder / "earlier/2/data/x").read_text() == "2\n"


@pytest.mark.slow
def test_while_an_earlier_run_of_that_id_still_runs_no_other_begins(place: Place):
    place.write("long.yaml", "name: long\nsteps: {slow: {command: 'echo up > up; read word < go'}}\n")
    place.fifo("up")
    place.fifo("go")
    running = place.start("run", "long.yaml", "--run-id", "r1")
    place.hear("up")
    running.kill()
    assert finish(running).code == -signal.SIGKILL
    forget(place)
    folder = place.folder / ".orchestrator/runs/r1/steps/000-slow/1"
    said = place("run", "long.yaml", "--run-id", "r1")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"error: run id 'r1': an earlier run with this id, which is no longer in the database, is still running in "
        f"{folder}: end it, or choose another --run-id\n"
    )
    assert (folder / "claim").exists()
    place.tell("go", "on")


@pytest.mark.slow
def test_a_run_whose_record_cannot_be_read_is_not_run_again_under_its_id(again: Place):
    outputs(again, 1)
    with closing(sqlite3.connect(again.folder / ".orchestrator/orchestrator.db")) as database, database:
        database.execute("UPDATE runs SET run = '{bad'")
    said = again("run", "sales.yaml", "--run-id", "r1", "-p", "n=2")
    assert said.code == 2
    assert "cannot be read" in said.err
    assert said.err.endswith("choose another --run-id\n")
    assert not (again.folder / ".orchestrator/runs/r1/earlier").exists()
