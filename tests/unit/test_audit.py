"""``orchestrator audit``: which jobs and processes are left, whose they are, and what stopping them says."""

import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("googleapiclient", reason="this talks to the fake of Dataflow with Google's client")

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition
from orchestrator.core.names import JOB_NAME_LENGTH, JobRef, job_name
from orchestrator.core.steps import Step
from orchestrator.errors import BackendError, UsageError
from orchestrator.fakes.dataflow.script import Canned, LaunchCall, RefusedError, Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.home import Home
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.usage import usage
from orchestrator.jobs.process import claim
from orchestrator.operations.audit import cloud as audit_cloud
from orchestrator.operations.audit.cloud import Jobs
from orchestrator.operations.audit.home import audit_home, end
from orchestrator.operations.audit.why_left import why_left
from orchestrator.system import locks
from orchestrator.system import process_group as group
from tests.doubles.memory_store import MemoryStore
from tests.e2e.command_line import Place, Said

PLAN = compile_plan("g", "v1", (Step("a"), Step("b")))
GOING = Run("going", "goingkeyaa", "g", "v1", {}, started_at=100.0)
ENDED = Run("ended", "endedkeyaa", "g", "v1", {}, started_at=100.0)
RUNS = StepState(Status.RUNNING, attempt=2, job="j")
PREFIX = "orc-dev"


def named(run: str, node: int = 0, attempt: int = 1, prefix: str = PREFIX, label: str = "load") -> str:
    return job_name(label, JobRef(run, node, attempt), prefix)


@pytest.fixture
def store() -> MemoryStore:
    """A run that goes on, at attempt 2 of ``a``; and one that has ended, whose streaming job ``b`` goes on."""
    made = MemoryStore()
    for run in (GOING, ENDED):
        made.open_run(run, PLAN)
    made.transact(GOING.key, 0, lambda _: Transition(RUNS))
    made.transact(ENDED.key, 0, lambda _: Transition(replace(RUNS, status=Status.FAILED, ended_at=150.0)))
    made.transact(ENDED.key, 1, lambda _: Transition(StepState(Status.SUCCEEDED, attempt=1, job="j", live=True)))
    made.end_run(ENDED.key, RunStatus.FAILED, 200.0)
    return made


@pytest.fixture
def fake() -> Iterator[FakeDataflow]:
    def script(call: LaunchCall) -> Script:
        return Script(queued=1e6, streaming="stream" in call.name)

    with FakeDataflow(script, max_jobs=10_000) as made:
        yield made
        assert made.misfits == []


@pytest.fixture
def jobs(fake: FakeDataflow, store: MemoryStore) -> Iterator[Jobs]:
    api = Api("rehearsal", fake.url, None, 60.0)
    yield Jobs(api, store, PREFIX)
    api.close()


def begin(fake: FakeDataflow, *names: str, region: str = "europe-west4") -> None:
    for name in names:
        fake.service.launch(LaunchCall(name, region, "gs://b/t", False, {}, {}))


def test_a_job_is_left_unless_its_attempt_is_the_one_that_its_run_waits_for(store: MemoryStore):
    assert why_left(store, JobRef(GOING.key, 0, 2)) == ""
    assert why_left(store, JobRef(ENDED.key, 1, 1)) == ""  # it is streaming, and is meant to go on
    assert why_left(store, JobRef(GOING.key, 0, 1)) == "run going is at attempt 2 of this step, and this is attempt 1"
    assert why_left(store, JobRef(GOING.key, 1, 1)) == "run going does not know that it runs: its step is pending"
    assert why_left(store, JobRef(ENDED.key, 0, 2)).startswith("its run ended has ended (failed) at 1970-01-01 ")
    assert why_left(store, JobRef("unknownkey", 0, 1)) == "there is no run with its key, unknownkey"


#: Jobs that run beside those of the deployment, and have nothing to do with it.
OTHERS = (
    named("unknownkey", prefix="orc-prod"),
    named("unknownkey", prefix="orc-dev-2"),
    named("unknownkey", prefix=""),
    f"x{named('unknownkey')}",
    f"{named('unknownkey', label='l' * 99)}1",  # its attempt has two digits, and its name one more than names may have
    "orc-dev--g-clicks",  # streaming: keep
    "orders",
    "orc-dev",
)


def test_the_jobs_of_the_deployment_that_are_left_are_found_in_all_regions_and_no_others(
    fake: FakeDataflow, jobs: Jobs
):
    longest = named("unknownkey", 4095, 1, label="l" * 99)
    assert len(longest) == JOB_NAME_LENGTH
    begin(fake, named(GOING.key, attempt=2), named(ENDED.key, 1), named(ENDED.key, attempt=2), *OTHERS)
    begin(fake, longest, region="us-central1")
    found = jobs.audit()
    assert {(left.name, left.where.partition("/")[0]) for left in found.left} == {
        (named(ENDED.key, attempt=2), "europe-west4"),
        (longest, "us-central1"),
    }
    assert (found.looked_at, list(found.unclear)) == (4, [])


@pytest.mark.slow
def test_thousands_of_jobs_are_read_page_by_page(fake: FakeDataflow, jobs: Jobs):
    begin(fake, *(f"job-{number}" for number in range(2_000)), named("unknownkey"))
    begin(fake, *(f"job-{number}" for number in range(2_000, 2_500)))
    assert [left.name for left in jobs.audit().left] == [named("unknownkey")]
    assert fake.calls["jobs.aggregated"] == 51


def test_a_list_that_is_incomplete_is_an_error_and_not_a_clean_audit(fake: FakeDataflow, jobs: Jobs):
    fake.fail("jobs.aggregated", Canned({"failedLocation": [{"name": "us-east1"}]}))
    with pytest.raises(BackendError, match="could not list everything"):
        jobs.audit()


def test_a_job_that_has_ended_since_it_was_listed_is_not_left(fake: FakeDataflow, jobs: Jobs):
    begin(fake, named("unknownkey"))
    listed = jobs.api.active()
    fake.move(named("unknownkey"), "DONE")
    jobs.api.active = lambda: listed  # type: ignore[method-assign]
    assert jobs.audit().left == []


def test_what_is_left_is_stopped_as_a_cancelled_run_would_stop_it(fake: FakeDataflow, jobs: Jobs):
    batch, stream = named("unknownkey"), named("unknownkey", 1, label="stream")
    begin(fake, batch, stream, *OTHERS)
    for name in (batch, stream):
        fake.move(name, "RUNNING")
    left = {one.name: one for one in jobs.audit().left}
    fake.fail("jobs.update", RefusedError(403, "PERMISSION_DENIED", "Missing dataflow.jobs.cancel."))
    assert jobs.stop(left[batch]).startswith("not stopped: cannot stop job ")
    assert jobs.stop(left[batch]).startswith("asked to stop, and is cancel")
    assert jobs.stop(left[stream]).startswith("asked to stop, and is drain")
    assert set(OTHERS) <= set(fake.active)


def test_nothing_is_stopped_by_a_database_without_any_run(jobs: Jobs):
    jobs.check_store()
    with pytest.raises(UsageError, match="the database has no runs"):
        replace(jobs, store=MemoryStore()).check_store()


def counter(name: str, value: object, **context: str) -> dict[str, object]:
    return {"name": {"origin": "dataflow/v1b3", "name": name, "context": context}, "scalar": value}


def test_what_a_job_has_used_is_told_with_its_cost():
    metrics = [counter("TotalVcpuTime", 36_000), counter("TotalMemoryUsage", 144_000_000), counter("ElementCount", 7)]
    metrics += [counter("TotalVcpuTime", 99_999, tentative="true"), counter("TotalPdUsage", 900_000)]
    batch = usage(metrics, streaming=False)
    assert batch is not None
    assert (batch.vcpu_hours, batch.memory_gb_hours, round(batch.usd, 4)) == (10.0, 40.0, 0.7158)
    assert str(batch) == ("10.0 vCPU hours, 40.0 GB hours of memory: about $0.72 at the list prices of us-central1")
    assert usage([counter("ElementCount", 7)], streaming=True) is None


class Kept(MemoryStore):
    """A store that may be closed."""

    def close(self) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path, fake: FakeDataflow, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Kept()
    made.open_run(GOING, PLAN)
    monkeypatch.setattr(audit_cloud, "connect", lambda project, database: made if database == PREFIX else Kept())
    monkeypatch.setenv("DATAFLOW_EMULATOR_URL", fake.url)
    return Place(tmp_path)


AUDIT = ("audit", "--project", "rehearsal", "--name", "orc", "--environment", "dev")


def test_the_command_shows_what_is_left_and_stops_it_when_that_is_confirmed(place: Place, fake: FakeDataflow):
    begin(fake, *OTHERS)
    assert place.look(*AUDIT) == Said(0, "nothing is left: no job running\n", "")
    begin(fake, named("unknownkey"))
    shown = place.look(*AUDIT)
    assert (shown.code, shown.out.splitlines()[2]) == (1, "  there is no run with its key, unknownkey")
    assert place.look(*AUDIT, "--stop").code == 2
    other = place.look(*AUDIT, "--stop", "--yes", "--database", "orc-dev-2")
    assert (other.code, other.err.partition(":")[2][:30]) == (2, " the database has no runs, so ")
    stopped = place.look(*AUDIT, "--stop", "--yes", "--json")
    assert (stopped.code, stopped.json["left"][0]["name"]) == (1, named("unknownkey"))
    assert stopped.json["left"][0]["stopped"].startswith("asked to stop, and is cancel")
    assert set(OTHERS) <= set(fake.active)


def left_running(home: Home) -> Path:
    """The folder of an attempt of no run, whose shell is a process that ends when it is asked to."""
    folder = home.attempt("r", 0, "a", 1)
    folder.mkdir(parents=True)
    lock = claim.take(folder, job_name("a", JobRef("unknownkey", 0, 1)))
    assert lock is not None
    shell = subprocess.Popen(["sleep", "300"], stdin=lock, start_new_session=True)
    (folder / "pid").write_text(str(shell.pid))
    locks.let_go(lock)
    threading.Thread(target=shell.wait, daemon=True).start()
    return folder


@pytest.mark.parametrize("processes", [Path("/proc"), Path("/nowhere")])
def test_processes_of_no_run_are_found_and_ended_also_without_proc(
    tmp_path: Path, processes: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(group, "_PROC", processes)
    home = Home(tmp_path)
    folder = left_running(home)
    found = audit_home(home, MemoryStore(), time.time())
    assert [left.where for left in found.left] == [str(folder.resolve())]
    assert found.left[0].state == ("1 process" if processes.is_dir() else "its shell and what it started")
    assert end(folder) == "ended"
    assert audit_home(home, MemoryStore(), time.time()).clean


def test_processes_of_a_home_without_its_database_are_found_and_ended(place: Place):
    home = Home(place.folder / ".orchestrator")
    folder = left_running(home)
    shown = place.look("audit")
    gone = "  the database of this home is gone, so no run waits for it"
    assert (shown.code, shown.out.splitlines()[2], shown.err) == (1, gone, "")
    with home.driving("r"):
        driven = audit_home(home, None, time.time())
        assert (len(driven.left), len(driven.unclear)) == (0, 1)
        assert "is gone, and a process still drives r" in driven.unclear[0]
    assert place.look("audit", "--stop", "--yes").code == 1
    assert end(folder) == "ended"
    assert place.look("audit") == Said(0, "nothing is left: no job running\n", "")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        *product([("audit",), ("runs",), ("rerun", "r")], ["--region", "--name", "--environment"]),
        *product([("backfill", "g")], ["--region", "--deployed-name", "--environment"]),
        (("audit",), "--database"),
    ],
)
def test_an_option_that_says_which_deployment_needs_the_project(place: Place, words: tuple[str, ...], option: str):
    assert place.look(*words, option, "x") == Said(2, "", f"error: {option}: expected --project with it\n")
