"""What is said of a rehearsal when it is over, and what goes wrong in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.model import Run, RunStatus
from orchestrator.rehearsal.rehearse import Wanted
from orchestrator.reporting.rehearsal import Kept, Rehearsed

RUN = Run("net-1", "k" * 10, "net", "v", {}, 1.0, RunStatus.SUCCEEDED, 4.5)

WELL = Rehearsed([RUN], 2, {"a--k-0-1": 1, "b--k-1-1": 1}, 3, {"an event lost": 2})


def test_a_rehearsal_went_well_if_runs_succeeded_jobs_were_launched_once_and_none_is_left():
    assert WELL.passed
    assert list(WELL.lines()) == [
        "net-1  succeeded after 3.5 s",
        "2 attempts launched 2 jobs, one each",
        "functions killed: 3",
        "injected faults: 2 x an event lost",
        "jobs still active: none",
    ]


@pytest.mark.parametrize(
    ("went", "line"),
    [
        (replace(WELL, runs=[replace(RUN, status=RunStatus.FAILED)]), "net-1  failed after 3.5 s"),
        (replace(WELL, runs=[replace(RUN, status=RunStatus.RUNNING, ended_at=None)]), "net-1  has not ended"),
        (replace(WELL, launches={"a--k-0-1": 2, "b--k-1-1": 1}), "LAUNCHED 2 TIMES: a--k-0-1"),
        (replace(WELL, active=["a--k-0-1"]), "jobs still active: a--k-0-1"),
        (replace(WELL, misfits=["jobs.get: x"]), "the Dataflow API would refuse: jobs.get: x"),
        (replace(WELL, unexpected=["start: KeyError: 'x'"]), "UNEXPECTED: start: KeyError: 'x'"),
    ],
)
def test_a_rehearsal_that_went_wrong_says_where(went: Rehearsed, line: str):
    assert not went.passed
    assert line in list(went.lines())
    assert went.json()["passed"] is False


def test_failed_steps_are_told_below_their_run_and_streaming_jobs_are_no_fault():
    told = replace(WELL, failures={"net-1": ["a failed: boom"]}, steps={"net-1": {"a": {"error": "boom"}}})
    assert list(told.lines())[:3] == [*list(WELL.lines())[:1], "  a failed: boom", *list(WELL.lines())[1:2]]
    assert told.json()["runs"] == [{**WELL.json()["runs"][0], "failed_steps": {"a": {"error": "boom"}}}]
    streams = replace(WELL, streaming=["s--k-2-1"])
    assert streams.passed
    assert list(streams.lines())[-1] == "streaming jobs that kept running: s--k-2-1"
    assert streams.json()["streaming"] == ["s--k-2-1"]
    assert not {"streaming", "unexpected", "kept"} & WELL.json().keys()


def test_a_world_that_is_kept_is_looked_at_by_a_line_for_each_run():
    kept = Kept({"FIRESTORE_EMULATOR_HOST": "127.0.0.1:8080"}, "firestore://rehearsal", ["net-1", "net-2"], "/tmp/x")
    look = "FIRESTORE_EMULATOR_HOST=127.0.0.1:8080 orchestrator status net-{} --store firestore://rehearsal"
    assert list(kept.lines()) == [
        "everything keeps running until Ctrl-C; the jobs' logs are in /tmp/x",
        look.format(1),
        look.format(2),
    ]


def test_attempts_that_launched_no_job_are_counted():
    assert (
        "3 attempts launched 2 jobs; 1 of them launched none, the others one each" in replace(WELL, attempts=3).lines()
    )


@pytest.mark.parametrize("calm", [True, False])
def test_all_events_are_dropped_if_that_is_asked(calm: bool):
    pytest.importorskip("google.cloud.tasks_v2", reason="the fakes need Google's clients")
    from orchestrator.rehearsal.rehearse import faults_of

    wanted = Wanted(Path("net.yaml"), {}, 1, 1, calm, True, 0.0, 1.0)
    assert {faults_of(wanted).events() for _ in range(100)} == {0}
    assert {faults_of(replace(wanted, drop_events=False)).events() for _ in range(100)} != {0}
