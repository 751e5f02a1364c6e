"""``orchestrator rehearse``: a graph as it runs in the cloud, on this machine, in calm and in trouble."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.core.kinds import KINDS
from tests.e2e.command_line import ROOT, Place, Said, finish, steady
from tests.emulation import emulated

GRAPH = """
name: net
defaults: {check: {every: 1m}}
steps:
  a: {dataflow: {template: gs://b/t.json}}
  b: {after: a, dataflow: {template: gs://b/t.json}, retry: {attempts: 2, delay: 30s}}
  c: {after: a, dataflow: {template: gs://b/t.json}}
  d: {after: [b, c]}
"""


@pytest.mark.slow
def test_a_calm_rehearsal_launches_one_job_an_attempt_and_says_how_it_went(place: Place) -> None:
    emulated()
    place.write("net.yaml", GRAPH)
    said = rehearsed(place, "net.yaml", "--calm")
    assert (said.code, said.err) == (0, "")
    assert steady(said.out).splitlines()[0] == "TIME  starting Google's emulators, the fakes and four functions"
    assert [re.sub("after .*", "after T", line) for line in said.lines[-6:]] == [
        "TIME  4 succeeded",
        "net-1  succeeded after T",
        "3 attempts launched 3 jobs, one each",
        "functions killed: 0",
        "injected faults: none",
        "jobs still active: none",
    ]


@pytest.mark.slow
def test_a_rehearsal_in_trouble_ends_well_and_counts_what_went_wrong(place: Place) -> None:
    emulated()
    place.write("net.yaml", GRAPH)
    said = rehearsed(place, "net.yaml", "--runs", "2", "--seed", "3", "--kill-every", "2", "--json")
    assert (said.code, said.err) == (0, "")
    result = said.json
    assert [(run["run"], run["status"]) for run in result.pop("runs")] == [
        ("net-1", "succeeded"),
        ("net-2", "succeeded"),
    ]
    assert result.pop("kills") > 0
    assert sum(result.pop("happened").values()) > 0
    assert result == {
        "seed": 3,
        "passed": True,
        "attempts": 6,
        "jobs": 6,
        "launched_twice": {},
        "still_active": [],
        "misfits": [],
    }


FAILS = """
name: fails
defaults: {check: {every: 1m}}
steps:
  a: {dataflow: {template: gs://b/t.json}, local: {command: "echo so; echo boom >&2; exit 3"}}
  b: {after: a, dataflow: {template: gs://b/t.json}}
  tidy: {after: b, trigger: all_done, wait: 1s}
"""

STREAMS = """
name: streams
defaults: {check: {every: 1m}}
steps:
  a: {dataflow: {template: gs://b/t.json, streaming: true}, local: {command: "sleep 600"}}
  b: {after: a, dataflow: {template: gs://b/t.json, streaming: true}}
  c: {after: b, dataflow: {template: gs://b/t.json}}
"""


def rehearsed(place: Place, *words: str) -> Said:
    """A rehearsal from its start to its end. It starts two Java programs and four Python ones: that takes a while."""
    return finish(place.start("rehearse", *words), 900)


def heard(process: subprocess.Popen[str], end: str) -> list[str]:
    """The lines that a command prints, up to the one with ``end`` in it. Empty at its end, if it never says so."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or end not in lines[-1]:
        line = process.stdout.readline()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return lines


@pytest.mark.slow
def test_a_failed_step_is_named_with_its_error_and_the_world_is_kept_for_a_look(place: Place) -> None:
    emulated()
    place.write("fails.yaml", FAILS)
    process = place.start("rehearse", "fails.yaml", "--calm", "--keep")
    try:
        looked_at(process)
    finally:
        process.send_signal(signal.SIGINT)
        said = finish(process)
    assert (said.code, said.out, said.err) == (1, "", "")


def looked_at(process: subprocess.Popen[str]) -> None:
    """What it says of the run, and what its own line for another terminal shows."""
    lines = heard(process, "orchestrator status")
    assert [re.sub("after .*?:", "after T:", line) for line in lines if line.startswith(("fails-1", "  "))] == [
        "fails-1  failed after T: a (user_code)",
        "  a failed (user_code): exit status 3: boom",
    ]
    assert lines[-2].startswith("everything keeps running until Ctrl-C; the jobs' logs are in ")
    assert "boom" in next(Path(lines[-2].split(" are in ")[1]).glob("fails-1/steps/*/1/log")).read_text()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    seen = subprocess.run(["sh", "-c", f"{lines[-1]} --json"], env=environment, capture_output=True, check=True)
    status = json.loads(seen.stdout)
    assert {name: step["status"] for name, step in status["steps"].items()} == {
        "a": "failed",
        "b": "upstream_failed",
        "tidy": "succeeded",
    }


@pytest.mark.slow
def test_streaming_jobs_go_on_and_are_none_that_was_left_behind(place: Place) -> None:
    emulated()
    place.write("streams.yaml", STREAMS)
    said = rehearsed(place, "streams.yaml", "--calm", "--json")
    assert (said.code, said.err) == (0, "")
    assert (said.json["passed"], said.json["still_active"]) == (True, [])
    assert [re.sub("--.*", "", name.removeprefix("orc-dev--")) for name in said.json["streaming"]] == ["a", "b"]


@pytest.mark.slow
def test_a_failed_step_is_named_to_programs_too(place: Place) -> None:
    emulated()
    place.write("fails.yaml", FAILS)
    said = rehearsed(place, "fails.yaml", "--calm", "--json")
    assert (said.code, said.json["passed"]) == (1, False)
    (run,) = said.json["runs"]
    failed = {name: (step["status"], step["cause"], step["error"]) for name, step in run["failed_steps"].items()}
    assert failed == {"a": ("failed", "user_code", "exit status 3: boom")}


def test_what_cannot_be_rehearsed_is_said_before_anything_is_started(place: Place) -> None:
    place.write("net.yaml", GRAPH)
    place.write("here.yaml", "name: here\nsteps: {a: {command: 'true'}, b: {after: a, wait: 1s}}\n")
    known = [kind.key for kind in KINDS if kind.in_cloud]
    assert place.look("rehearse", "here.yaml") == Said(
        2,
        "",
        f"error: expected only steps that can run in the cloud ({', '.join(known)}), got command or python "
        "steps: a: run this graph with 'orchestrator run'\n",
    )
    assert place.look("rehearse", "net.yaml", "--param", "day=1").code == 2


def test_a_machine_without_java_is_told_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("net.yaml", GRAPH)
    monkeypatch.setenv("PATH", "")
    said = place.look("rehearse", "net.yaml")
    assert said == Said(
        2, "", "error: the Firestore emulator needs Java 11 or newer, and there is no 'java' on the PATH\n"
    )
