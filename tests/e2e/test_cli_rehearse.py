"""``orchestrator rehearse``: a graph as it runs in the cloud, on this machine, in calm and in trouble."""

import pytest

from tests.e2e.command_line import Place, Said, steady
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


def test_a_calm_rehearsal_launches_one_job_an_attempt_and_says_how_it_went(place: Place) -> None:
    emulated()
    place.write("net.yaml", GRAPH)
    said = place("rehearse", "net.yaml", "--calm")
    assert (said.code, said.err) == (0, "")
    assert steady(said.out).splitlines()[0] == "TIME  starting Google's emulators, the stand-ins and four functions"
    assert said.lines[-6:] == [
        "TIME  4 succeeded",
        "net-1  succeeded after 0.0 s",
        "3 attempts launched 3 jobs, one each",
        "functions killed: 0",
        "what went wrong: nothing",
        "jobs still active: none",
    ]


def test_a_rehearsal_in_trouble_ends_well_and_counts_what_went_wrong(place: Place) -> None:
    emulated()
    place.write("net.yaml", GRAPH)
    said = place("rehearse", "net.yaml", "--runs", "2", "--seed", "3", "--kill-every", "2", "--json")
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
        "well": True,
        "attempts": 6,
        "jobs": 6,
        "launched_twice": {},
        "still_active": [],
        "misfits": [],
    }


def test_what_cannot_be_rehearsed_is_said_before_anything_is_started(place: Place) -> None:
    place.write("net.yaml", GRAPH)
    place.write("here.yaml", "name: here\nsteps: {a: {command: 'true'}, b: {after: a, wait: 1s}}\n")
    assert place.look("rehearse", "here.yaml") == Said(
        2,
        "",
        "error: expected steps that run in the cloud (dataflow, wait, call), came command or python: a: "
        "such a graph runs on one machine, with 'orchestrator run'\n",
    )
    assert place.look("rehearse", "net.yaml", "--param", "day=1").code == 2


def test_a_machine_without_java_is_told_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("net.yaml", GRAPH)
    monkeypatch.setenv("PATH", "")
    said = place.look("rehearse", "net.yaml")
    assert said == Said(
        2, "", "error: the Firestore emulator needs Java 11 or newer, and there is no 'java' on the PATH\n"
    )
