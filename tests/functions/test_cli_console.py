"""The command line shows and operates the runs of a deployment through its consoles, in the words of the store."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from orchestrator.core.model import RunStatus
from orchestrator.core.names import JobRef, job_name
from orchestrator.fakes.dataflow.script import LaunchCall
from tests.e2e.command_line import Place, Said, finish
from tests.functions.cloud import Cloud
from tests.functions.test_console import nightly as nightly
from tests.functions.test_console import state, store_of
from tests.functions.test_starters import ANN, token


@pytest.fixture
def consoles(nightly: Cloud) -> Iterator[str]:
    """The address of ``console`` and a project with a run."""
    server = make_server("127.0.0.1", 0, nightly.app("console"), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Operator:
    """A person with a token, at the command line."""

    def __init__(self, place: Place, url: str, who: str = ANN) -> None:
        self._place, self._token = place, token(who)
        self.flag = f"--project demo-1 --region europe-west4 --url {url}"

    def __call__(self, *words: str) -> Said:
        return self._place(*words, *self.flag.split(), ORCHESTRATOR_ID_TOKEN=self._token)


@pytest.fixture
def ann(consoles: str, tmp_path: Path) -> Operator:
    return Operator(Place(tmp_path), consoles)


@pytest.mark.slow
def test_what_is_shown_is_what_the_store_shows(nightly: Cloud, ann: Operator, tmp_path: Path):
    store = f"firestore://{nightly.project}/(default)"
    for words in (
        ("runs",),
        ("runs", "--graph", "nightly", "--status", "running", "--since", "1h"),
        ("runs", "--json"),
        ("status", "n1"),
        ("status", "--json"),
        ("status", "nightly"),
        ("status", "n"),
        ("status", "n2"),
        ("explain", "n1", "load"),
        ("explain", "n1", "lod"),
        ("story", "n1"),
        ("logs", "n1"),
        ("logs", "n1", "load"),
        ("verify", "n1"),
        ("plot", "--run", "n1", "-o", "n1.mmd"),
    ):
        far, near = ann(*words), Place(tmp_path)(*words, "--store", store)
        said = far.out.replace(ann.flag, f"--store '{store}'").replace("project=demo-1", f"project={nightly.project}")
        assert (far.code, _timeless(said), far.err) == (near.code, _timeless(near.out), near.err), words
        assert "Traceback" not in far.err


def _timeless(text: str) -> list[str]:
    """The lines of an output, without how long something has been going on."""
    return [re.sub(r"running for [^,]+", "running", line) for line in Said(0, text, "").lines]


@pytest.mark.slow
def test_what_is_asked_is_done_in_the_callers_name(nightly: Cloud, ann: Operator):
    held = ann("hold", "nightly", "report", "--until", "2h", "--why", "late input")
    assert (held.code, held.lines[0][:38]) == (0, f"run n1: report held by {ANN} at TIME until"[:38])
    assert held.out.splitlines()[-1] == f"release: orchestrator release n1 report {ann.flag}"
    again = ann("hold", "n1", "report", "--why", "mine")
    assert (again.code, "report was already held by ann@example.com" in again.out) == (0, True)
    assert state(nightly, 2).control.hold.by == ANN
    assert ann("release", "n1").lines == ["run n1: report released"]
    assert ann("retry", "n1", "load", "--why", "fixed").lines == ["run n1: load is retried: attempt 2"]
    refused = ann("retry", "n1", "report")
    assert (refused.code, refused.lines) == (1, ["run n1: report does not need attention: it is pending"])
    marked = ann("mark", "n1", "report", "succeeded", "--outputs", '{"rows": 42}', "--why", "by hand")
    assert (marked.code, state(nightly, 2).stop.outputs) == (0, {"rows": 42})
    wrong = ann("hold", "n1", "lod", "--why", "x")
    assert (wrong.code, wrong.err) == (2, "error: graph 'nightly' has no step 'lod' (did you mean 'load'?)\n")
    cancelled = ann("cancel", "n1", "--why", "enough")
    assert (cancelled.code, cancelled.lines[-1]) == (0, f"follow it: orchestrator status n1 {ann.flag}")
    assert store_of(nightly).find_run("n1").stop.why == "enough"
    store_of(nightly).end_run(store_of(nightly).find_run("n1").key, RunStatus.CANCELLED, 9.0)
    late = ann("hold", "n1", "--why", "x")
    assert (late.code, late.out) == (1, "run 'n1' has ended (cancelled): there is nothing left to hold\n")
    assert ann("release", "n1").lines == ["run n1 has ended (cancelled): none of its steps is held"]


def test_jobs_that_no_run_waits_for_are_found_and_stopped_by_the_consoles(nightly: Cloud, ann: Operator):
    name = job_name("load", JobRef("unknownkey", 0, 1))
    made = nightly.dataflow.service.launch(LaunchCall(name, "europe-west4", "gs://b/t", False, {}, {}))
    where = f"europe-west4/{made['job']['id']}"
    shown = ann("audit")
    assert (shown.code, shown.lines[1:3]) == (1, [f"  {where}", "  there is no run with its key, unknownkey"])
    stopped = ann("audit", "--stop", "--yes")
    assert (stopped.code, stopped.lines[-1].startswith(f"{name}: asked to stop, and is cancel")) == (1, True)
    nightly.dataflow.move(name, "CANCELLED")
    assert ann("audit", "--json").json == {"left": [], "unclear": [], "running": 0}


def test_where_the_runs_are_is_said_once(tmp_path: Path):
    place = Place(tmp_path)
    for words, said in (
        (("--project", "p", "--store", "sqlite:///x"), "all say where the runs are: give only one of them"),
        (("--project", "p"), "--region: expected the region of the deployment, with --project"),
        (("--url", "https://x"), "--url: expected --project and --region with it"),
    ):
        refused = place.look("status", "n1", *words)
        assert (refused.code, said in refused.err) == (2, True), refused.err


SLOTS = "name: slots\nparams: {date: {type: date, default: today}}\nsteps: {a: {wait: 1s}}\n"


@pytest.mark.slow
def test_a_backfill_runs_in_the_cloud_and_no_slot_twice(
    nightly: Cloud, ann: Operator, consoles: str, served: str, tmp_path: Path
):
    (tmp_path / "graphs" / "slots.yaml").write_text(SLOTS)
    where = f"--project demo-1 --region europe-west4 --console-url {consoles} --start-url {served}".split()
    range_ = ("--from", "2026-01-01", "--to", "2026-01-03", "--parallel", "3", "--yes")
    place, token_ = Place(tmp_path), token()
    shown = place("backfill", "slots", *range_, "--dry-run", *where, ORCHESTRATOR_ID_TOKEN=token_)
    assert shown.lines[0] == "3 runs of slots: 3 to run"
    working = place.start("backfill", "slots", *range_, *where, ORCHESTRATOR_ID_TOKEN=token_)
    ids = [f"slots-backfill-2026-01-0{day}" for day in (1, 2, 3)]
    deadline = time.monotonic() + 300
    while (runs := [store_of(nightly).find_run(run) for run in ids]) != [run for run in runs if run is not None]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for run, status in zip(runs, (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.SUCCEEDED), strict=True):
        store_of(nightly).end_run(run.key, status, time.time(), {})
    done = finish(working)
    assert (done.code, [run.params for run in runs]) == (1, [{"date": f"2026-01-0{day}"} for day in (1, 2, 3)])
    assert "3 runs: 2 succeeded, 1 failed" in done.out, done.out + done.err
    again = place("backfill", "slots", *range_, *where, ORCHESTRATOR_ID_TOKEN=token_)
    assert (again.code, "3 runs: 2 succeeded, 1 failed" in again.out) == (1, True), again.out + again.err
    assert len(nightly.queued("checks")) + len(nightly.queued("launches")) >= 3
    wrong = place("backfill", "slots", *range_, "--fake-dataflow", "--project", "p", "--region", "r")
    assert (wrong.code, "--fake-dataflow: expected nothing of this machine with --project" in wrong.err) == (2, True)
