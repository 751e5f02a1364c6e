"""Reruns in the cloud: ``start`` plans them and starts them, and the command line asks it to."""

from pathlib import Path

import pytest

from orchestrator.core.joins import arrival
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition
from orchestrator.core.task_codec import decode
from tests.e2e.command_line import Place, Said
from tests.functions.cloud import Cloud, logged

NIGHTLY = """\
name: nightly
params: {date: {type: date}, secret: {type: string, default: hunter22}}
steps:
  extract: {dataflow: {template: gs://b/extract.json, region: europe-west4}}
  load:
    dataflow: {template: gs://b/load.json, region: europe-west4, parameters: {date: "{{ params.date }}"}}
    after: extract
  report: {after: load}
"""
DONE = StepState(
    Status.SUCCEEDED, 1, job_name="j-1", job="europe-west4/j", claimed_at=1.0, started_at=2.0, ended_at=3.0
)
BAD = StepState(Status.FAILED, 1, job_name="j-2", job="europe-west4/k", claimed_at=1.0, started_at=2.0, ended_at=3.0)
ENDED = (DONE, BAD, StepState(Status.UPSTREAM_FAILED, ended_at=4.0, cause="trigger"))


@pytest.fixture
def failed(cloud: Cloud, tmp_path: Path) -> Cloud:
    """A deployment in which a run of the graph has failed."""
    (tmp_path / "graphs" / "nightly.yaml").write_text(NIGHTLY)
    asked = {"graph": "nightly", "run_id": "n1", "params": {"date": "2026-01-31"}}
    assert cloud.post("start", asked).status_code == 201
    ledger = cloud.world("start").engine.ledger
    run = ledger.store.find_run("n1")
    for node, state in enumerate(ENDED):
        ledger.store.transact(run.key, node, lambda _, state=state: Transition(state, (), arrival(state)))
    ledger.store.end_run(run.key, RunStatus.FAILED, 5.0, {"load": "exit"})
    return cloud


def run_of(cloud: Cloud, run_id: str) -> Run | None:
    found: Run | None = cloud.world("start").engine.ledger.store.find_run(run_id)
    return found


def launches(cloud: Cloud) -> list[tuple[str, int]]:
    bodies = [task.http_request.body for task in cloud.queued("launches")]
    return sorted((effect.run, effect.node) for effect in map(decode, bodies))


def test_a_plan_tells_what_would_run_again_and_no_params_value_and_starts_nothing(failed: Cloud):
    before = launches(failed)
    again = {"of": "n1", "dry_run": True}
    answer = failed.post("start", {"rerun": again, "params": {"secret": "hunter23"}})
    assert answer.status_code == 200
    plan = answer.get_json()["plan"]
    assert (plan["run"], plan["rerun_of"], plan["changed_params"]) == ("n1.2", "n1", ["secret"])
    assert {name: (step["again"], step["why"]) for name, step in plan["steps"].items()} == {
        "extract": (False, ""),
        "load": (True, "failed"),
        "report": (True, "upstream failed"),
    }
    assert "hunter2" not in answer.text
    assert "2026-01-31" not in answer.text
    assert (launches(failed), run_of(failed, "n1.2")) == (before, None)


def test_a_rerun_is_started_once_and_what_is_kept_is_there(failed: Cloud):
    before = launches(failed)
    plan = failed.post("start", {"rerun": {"of": "n1", "dry_run": True}}).get_json()["plan"]
    asked = {"rerun": {"of": "n1", "token": plan["token"]}}
    with logged() as lines:
        first, again = failed.post("start", asked), failed.post("start", asked)
    said = {"run": "n1.2", "graph": "nightly", "status": "running"}
    assert (first.status_code, first.get_json()) == (201, {**said, "created": True})
    assert (again.status_code, again.get_json()) == (200, {**said, "created": False})
    assert [line["message"] for line in lines] == [
        "run n1.2 started, a rerun of n1",
        "run n1.2 was there, a rerun of n1",
    ]
    run = run_of(failed, "n1.2")
    assert run is not None
    assert (run.kept, run.rerun_of, run.params) == ("s..", "n1", {"date": "2026-01-31", "secret": "hunter22"})
    view = failed.world("start").engine.ledger.store.load_all(run.key)
    assert view.states == {0: DONE}
    assert [task for task in launches(failed) if task not in before] == [(run.key, 1)]


def test_with_its_token_a_rerun_that_has_ended_meanwhile_is_told_and_not_started_again(failed: Cloud):
    asked = {"rerun": {"of": "n1"}}
    failed.post("start", asked)
    run = run_of(failed, "n1.2")
    assert run is not None
    failed.world("start").engine.ledger.store.end_run(run.key, RunStatus.SUCCEEDED, 9.0)
    told = failed.post("start", {"rerun": {"of": "n1", "token": run.key}})
    assert (told.status_code, told.get_json()["status"]) == (200, "succeeded")
    refused = failed.post("start", asked)
    assert refused.status_code == 400
    assert "run 'n1' was rerun as 'n1.2', which has succeeded" in refused.get_json()["errors"][0]


def test_the_graph_that_is_deployed_counts_unless_the_version_that_ran_is_wanted(failed: Cloud, tmp_path: Path):
    path = tmp_path / "graphs" / "nightly.yaml"
    path.write_text(NIGHTLY.replace("gs://b/extract", "gs://b/extract2"))
    now = failed.post("start", {"rerun": {"of": "n1", "dry_run": True}}).get_json()["plan"]
    assert now["steps"]["extract"]["why"] == "its definition has changed"
    same = failed.post("start", {"rerun": {"of": "n1", "dry_run": True, "same_version": True}}).get_json()["plan"]
    assert not same["steps"]["extract"]["again"]
    path.unlink()
    refused = failed.post("start", {"rerun": {"of": "n1"}})
    assert (refused.status_code, "is no longer deployed" in refused.text) == (404, True)
    gone = failed.post("start", {"rerun": {"of": "n1", "same_version": True}})
    run = run_of(failed, "n1.2")
    assert run is not None
    assert (gone.status_code, run.kept) == (201, "s..")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"rerun": {}}, 400, "rerun.of: expected the id of a run"),
        ({"rerun": {"of": "n1", "frm": []}}, 400, "rerun.frm: unknown key"),
        ({"rerun": {"of": "n1", "from": "load"}}, 400, "rerun.from: expected a list of names of steps"),
        ({"rerun": {"of": "n1", "only": [1]}}, 400, "rerun.only: expected a list of names of steps"),
        ({"rerun": {"of": "n1", "all": "yes"}}, 400, "rerun.all: expected true or false"),
        ({"rerun": {"of": "n1", "token": 5}}, 400, "rerun.token: expected text"),
        ({"rerun": {"of": "n1"}, "graph": "nightly"}, 400, "graph: expected nothing beside 'rerun'"),
        ({"rerun": [1]}, 400, "rerun: expected a mapping, got a list"),
        ({"rerun": {"of": "n1", "token": "x"}}, 400, "have changed since it was shown"),
        ({"rerun": {"of": "n1", "from": ["lod"]}}, 400, "no step 'lod' (did you mean 'load'?)"),
        ({"rerun": {"of": "n1"}, "params": {"date": "x"}}, 400, "param 'date': expected"),
        ({"rerun": {"of": "n1"}, "run_id": "n1"}, 400, "the run id 'n1' belongs to another run"),
        ({"rerun": {"of": "n1"}, "run_id": "nightly-2026-01-31T060000Z"}, 400, "choose another"),
        ({"rerun": {"of": "n2"}}, 404, "no run has the id 'n2'"),
    ],
)
def test_wrong_requests_are_told(failed: Cloud, body: object, status: int, said: str):
    answer = failed.post("start", body)
    assert answer.status_code == status, answer.text
    errors = (answer.get_json(silent=True) or {}).get("errors", [answer.text])
    assert said in "\n".join(errors), answer.text


@pytest.mark.slow
def test_the_command_shows_the_plan_and_starts_just_that(failed: Cloud, served: str, tmp_path: Path):
    def rerun(*words: str) -> Said:
        place = ("--url", served, "--project", "demo-1", "--region", "europe-west4")
        return Place(tmp_path)("rerun", "n1", *words, *place)

    shown = rerun("--dry-run")
    plan = [
        "run n1.2 will rerun n1 (failed): 2 steps again, 1 kept",
        "  again  load    failed",
        "  again  report  upstream failed",
        "  keep   extract",
    ]
    assert (shown.code, shown.lines, run_of(failed, "n1.2")) == (0, plan, None)
    unasked = rerun()
    assert (unasked.code, "add --yes to confirm" in unasked.err, run_of(failed, "n1.2")) == (2, True, None)
    started = rerun("--yes")
    assert (started.code, started.out.splitlines()[:5]) == (0, [*plan, "run n1.2 started"])
    assert "orchestrator status n1.2 --store 'firestore://demo-1/" in started.lines[5]
    wrong = rerun("--from", "lod", "--yes")
    assert (wrong.code, "no step 'lod'" in wrong.err) == (2, True)
    other = Place(tmp_path)("rerun", "n1", "--project", "p", "--graph", "x", "--home", str(tmp_path))
    assert (other.code, len(other.err.splitlines())) == (2, 3)
