"""``--store``: the commands that look, and those that act, on a run in the cloud."""

import os
import re
import time
from collections.abc import Iterator

import pytest

from orchestrator.core.model import RunStatus
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.rehearsal import PREFIX, Rehearsal, emulators
from tests.e2e.command_line import Place, Said, steady
from tests.emulation import emulated

pytestmark = pytest.mark.xdist_group("a run in the cloud")  # one worker rehearses it once, for all tests

GRAPH = """
name: sales
steps:
  extract: {dataflow: {template: gs://b/t.json}}
  load: {after: extract, dataflow: {template: gs://b/t.json}}
  slow: {after: extract, dataflow: {template: gs://b/t.json}}
  breath: {after: extract, wait: 0s}
  publish: {after: [load, slow], dataflow: {template: gs://b/t.json}}
"""

CLOUD = ("--store", "firestore://rehearsal/(default)")


def script(call: LaunchCall) -> Script:
    """``load`` fails, and ``slow`` runs until it is stopped."""
    if call.name.startswith(f"{PREFIX}--load--"):
        return Script(0.0, 0.0, 0.0, end="FAILED", errors=("boom",))
    return Script(0.0, 0.0, None if call.name.startswith(f"{PREFIX}--slow--") else 0.0, stopping=0.1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Where ``sales-1`` of the graph has gone as far as it can go by itself."""
    emulated()
    path = tmp_path_factory.mktemp("cloud") / "sales.yaml"
    path.write_text(GRAPH)
    with Rehearsal(path, script) as rehearsal, pytest.MonkeyPatch.context() as patch:
        for name, value in rehearsal.environment.items():
            patch.setenv(name, value)
        rehearsal.start("sales-1", {})
        until(rehearsal, ["succeeded", "failed", "running", "succeeded", "pending"])
        yield rehearsal


def until(rehearsal: Rehearsal, wanted: list[str]) -> None:
    """Wait until the steps stand so; what keeps them from it shows when that takes too long."""
    deadline = time.monotonic() + 180
    while (now := stand(rehearsal)) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert now == wanted


def stand(rehearsal: Rehearsal) -> list[str]:
    view = rehearsal.store.load_all(rehearsal.run("sales-1").key)
    return [str(view.state(node).status) for node in range(len(rehearsal.graph.steps))]


def job(rehearsal: Rehearsal, step: int) -> str:
    """The id of a step's job, without its region."""
    return (rehearsal.store.load_all(rehearsal.run("sales-1").key).state(step).job or "").partition("/")[2]


def test_a_run_in_the_cloud_is_listed_and_shown(cloud: Rehearsal, place: Place) -> None:
    assert place.look("runs", *CLOUD).lines == [
        "RUN      GRAPH  STATUS       STARTED              DURATION  NOTE",
        "sales-1  sales  running      TIME",
    ]
    assert place.look("runs", "--graph", "sales", "--status", "running", "--since", "1h", *CLOUD).lines[1:] == [
        "sales-1  sales  running      TIME"
    ]
    assert place.look("runs", "--graph", "stock", *CLOUD).err == "no run matches: 'orchestrator runs' lists all runs\n"
    said = place.look("status", *CLOUD)
    assert (said.code, said.err) == (0, "")
    assert [re.sub(r" +", " ", re.sub(r"[\d.]+ (s|ms)\b", "", line)).strip() for line in said.lines[1:]] == [
        "✓ extract succeeded",
        "✗ load failed boom",
        "● slow running",
        "✓ breath succeeded",
        "· publish pending waiting for slow",
        "2 succeeded, 1 failed, 1 running, 1 pending",
        "load failed: boom",
    ]
    assert place.look("status", "sales", "--json", *CLOUD).json["steps"]["publish"]["status"] == "pending"


def test_a_run_in_the_cloud_is_explained_and_drawn(cloud: Rehearsal, place: Place) -> None:
    said = place.look("explain", "sales-1", "load", *CLOUD)
    assert said == Said(0, "load: failed: boom\n", "")
    assert place.look("plot", "--run", "sales-1", "-o", "sales.mmd", *CLOUD).out == "sales.mmd: 5 steps in 5 boxes\n"
    assert "publish" in place.read("sales.mmd")


def test_logs_of_a_job_in_the_cloud_are_its_id_its_page_and_its_error(cloud: Rehearsal, place: Place) -> None:
    assert place.look("logs", "sales-1", *CLOUD).out.splitlines() == [
        "==> load, attempt 1: failed: boom <==",
        f"job      {job(cloud, 1)} in europe-west4",
        f"console  https://console.cloud.google.com/dataflow/jobs/europe-west4/{job(cloud, 1)}?project=rehearsal",
    ]
    assert place.look("logs", "sales-1", "load", *CLOUD).out.splitlines() == [
        "step 'load' failed, attempt 1",
        f"job      {job(cloud, 1)} in europe-west4",
        f"console  https://console.cloud.google.com/dataflow/jobs/europe-west4/{job(cloud, 1)}?project=rehearsal",
        "error    boom",
    ]
    assert place.look("logs", "sales-1", "breath", *CLOUD).out.splitlines() == [
        "step 'breath' succeeded, attempt 1",
        "it is not a Dataflow job, so it has no log",
    ]
    assert place.look("logs", "sales-1", "publish", *CLOUD).out == "step 'publish' has not run: its status is pending\n"
    assert place.look("logs", "sales-1", "load", "--follow", *CLOUD) == Said(
        2,
        "",
        "error: --follow: the log of a run in the cloud cannot be followed here: omit the option to get the log's "
        "URL\n",
    )


def test_cancel_names_the_variables_that_are_missing(
    cloud: Rehearsal, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)
    assert place.look("cancel", "sales-1", *CLOUD) == Said(
        2,
        "",
        "error: cancel: expected the variables of the deployed functions, to reach their queues and jobs:\n"
        "ORCHESTRATOR_REGION: expected a value, got nothing\n"
        "ORCHESTRATOR_LAUNCHES_QUEUE: expected a value, got nothing\n"
        "ORCHESTRATOR_CHECKS_QUEUE: expected a value, got nothing\n"
        "ORCHESTRATOR_TASK_URL: expected a value, got nothing\n"
        "ORCHESTRATOR_TASK_ACCOUNT: expected a value, got nothing\n"
        "ORCHESTRATOR_TASK_AUDIENCE: expected a value, got nothing\n",
    )


def as_deployed(cloud: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables of the deployed functions."""
    for name, value in cloud.functions["on_task"]._environment.items():
        if name.startswith("ORCHESTRATOR_") or name.endswith(("EMULATOR_HOST", "EMULATOR_URL")):
            monkeypatch.setenv(name, value)


def test_a_step_in_the_cloud_is_held_and_released_and_one_that_has_ended_is_not_marked(
    cloud: Rehearsal, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_deployed(cloud, monkeypatch)
    held = place.look("hold", "sales-1", "publish", "--why", "the input is late", *CLOUD)
    assert (held.code, held.err) == (0, "")
    assert held.lines[-1].startswith("release: orchestrator release sales-1 publish --store")
    told = place.look("status", "sales-1", "--json", *CLOUD).json["steps"]["publish"]
    assert (told["status"], told["held"]["why"]) == ("pending", "the input is late")
    assert place.look("release", "sales-1", *CLOUD) == Said(0, "run sales-1: publish released\n", "")
    late = place.look("mark", "sales-1", "load", "succeeded", "--why", "by hand", *CLOUD)
    assert late == Said(1, "run sales-1: load cannot be marked: it has ended (failed)\n", "")
    assert place.look("retry", "sales-1", "load", *CLOUD).code == 1
    acts = [one["what"] for one in place.look("story", "sales-1", "publish", "--json", *CLOUD).json]
    assert acts == ["run started", "held", "released"]


def test_cancel_settles_the_steps_of_a_run_in_the_cloud_and_stops_its_jobs(
    cloud: Rehearsal, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_deployed(cloud, monkeypatch)
    watching = place.start("status", "sales", "--watch", *CLOUD)
    assert watching.stdout is not None
    assert steady(watching.stdout.readline()) == "TIME  run sales-1: 5 steps, 3 already ended\n"
    assert place.look("cancel", "sales-1", *CLOUD) == Said(
        0,
        "run sales-1: cancelled 1 step that had no job, and asked 1 job to stop\n"
        "follow it: orchestrator status sales-1 --store 'firestore://rehearsal/(default)'\n",
        "",
    )
    until(cloud, ["succeeded", "failed", "cancelled", "succeeded", "cancelled"])
    assert cloud.wait("sales-1").status is RunStatus.CANCELLED
    assert cloud.dataflow.active == []
    watched = watching.stdout.read().splitlines()
    assert watching.wait() == 0
    watching.communicate()
    assert {tuple(line.split()[1:3]) for line in watched} >= {("slow", "cancelled"), ("publish", "cancelled")}
    assert any(line.startswith("cancelled after ") for line in watched)
    again = place.look("cancel", "sales-1", *CLOUD)
    assert again == Said(0, "run sales-1 has ended (cancelled): there is nothing left to cancel\n", "")


@pytest.mark.parametrize("url", ["sales", "firestore://", "firestore://P/d", "firestore://p/d/e", "sqlite://x", ""])
def test_a_store_that_is_no_store_is_refused_with_what_was_expected(place: Place, url: str) -> None:
    assert place.look("runs", "--store", url) == Said(
        2,
        "",
        "error: a store: expected firestore://PROJECT/DATABASE or sqlite:///PATH (sqlite:////PATH for an absolute "
        f"path), got {url!r}\n",
    )


def test_a_store_that_cannot_be_reached_is_said_so_in_a_sentence(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.cloud.firestore")
    monkeypatch.setenv(emulators.FIRESTORE.variable, "127.0.0.1:1")
    said = place.look("runs", "--store", "firestore://p/d")
    assert (said.code, said.out) == (1, "")
    assert re.fullmatch(r"error: Firestore could not list runs: .+\n", said.err)


def test_a_file_of_sqlite_is_a_store_too(place: Place) -> None:
    place.write("g.yaml", "name: g\nsteps: {a: {command: 'true'}}\n")
    place.run("g.yaml", "--run-id", "g-1")
    store = "sqlite:///.orchestrator/orchestrator.db"
    assert place.look("runs", "--store", store).lines[1:] == ["g-1  g      succeeded    TIME  0.0 s"]
    assert (
        place.look("runs", "--store", store, "--home", ".orchestrator").err
        == "error: --home and --store both say where the runs are: give only one of them\n"
    )
    assert place.look("runs", "--store", "sqlite:///no.db").err == "error: sqlite:///no.db: there is no file no.db\n"
