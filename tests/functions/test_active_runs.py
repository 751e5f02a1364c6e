"""``max_active_runs`` in the cloud: what ``start`` and the console answer of a run for which there is no place."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.active_runs import Policy
from orchestrator.core.messages import Check
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.pools import pool_of_graph
from orchestrator.core.task_codec import decode
from tests.functions.cloud import Cloud, logged
from tests.functions.test_console import get, post

GRAPH = """\
name: nightly
max_active_runs: {{limit: 1, policy: {policy}}}
steps:
  extract: {{dataflow: {{template: gs://b/extract.json, region: europe-west4}}}}
"""
POOL = pool_of_graph("nightly")


@pytest.fixture
def nightly(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> Cloud:
    """A deployment in which a run of the graph, ``n1``, is active."""
    (tmp_path / "graphs" / "nightly.yaml").write_text(GRAPH.format(policy=request.param))
    assert asked(cloud, "n1") == (201, {"run": "n1", "graph": "nightly", "status": "running", "created": True})
    return cloud


def asked(cloud: Cloud, run: str) -> tuple[int, Any]:
    answer = cloud.post("start", {"graph": "nightly", "run_id": run})
    return answer.status_code, answer.get_json()


def store_of(cloud: Cloud) -> Any:
    return cloud.world("start").engine.ledger.store


def run_of(cloud: Cloud, run: str) -> Run:
    found: Run = store_of(cloud).find_run(run)
    return found


def active(cloud: Cloud) -> list[str]:
    store = store_of(cloud)
    return [store.get_run(one.run).id for one in store.occupants(POOL)]


def deliver(cloud: Cloud) -> None:
    """Deliver all tasks but checks, which would go on for as long as the job runs, until nothing new is put."""
    done = set[str]()
    while waiting := [
        task
        for queue in ("launches", "checks")
        for task in cloud.queued(queue)
        if task.name not in done and not isinstance(decode(task.http_request.body), Check)
    ]:
        for task in waiting:
            done.add(task.name)
            assert cloud.task(decode(task.http_request.body)).status_code == 200


@pytest.mark.parametrize("nightly", [Policy.SKIP], indirect=True)
def test_a_run_that_is_one_too_many_is_answered_with_201_and_why_it_does_not_run(nightly: Cloud):
    why = "skipped: run 'n1' is active, and max_active_runs of graph 'nightly' is 1"
    deliver(nightly)
    with logged() as lines:
        status, said = asked(nightly, "n2")
    assert (status, said["created"], said["skipped"]) == (201, True, why)
    assert [(line["severity"], line["message"]) for line in lines] == [("INFO", "run n2 started")]
    deliver(nightly)
    again = {"run": "n2", "graph": "nightly", "status": "cancelled", "created": False, "skipped": why}
    assert asked(nightly, "n2") == (200, again)
    shown = get(nightly, "/runs/n2").get_json()
    assert (shown["status"], shown["cancelled"]["why"]) == ("cancelled", why)
    assert (run_of(nightly, "n2").status, active(nightly)) == (RunStatus.CANCELLED, ["n1"])
    assert len(nightly.dataflow.active) == 1


@pytest.mark.parametrize("nightly", [Policy.SKIP], indirect=True)
def test_the_console_says_too_why_a_run_does_not_run(nightly: Cloud):
    answer = post(nightly, "/runs", {"graph": "nightly", "run_id": "n2"})
    assert answer.status_code == 201
    assert answer.get_json()["skipped"].startswith("skipped: run 'n1' is active")


@pytest.mark.parametrize("nightly", [Policy.QUEUE], indirect=True)
def test_a_run_that_waits_is_answered_as_any_other_and_the_console_says_where_it_stands(nightly: Cloud):
    deliver(nightly)
    assert asked(nightly, "n2") == (201, {"run": "n2", "graph": "nightly", "status": "running", "created": True})
    assert asked(nightly, "n2") == (200, {"run": "n2", "graph": "nightly", "status": "running", "created": False})
    deliver(nightly)
    said = (
        "waits for a place among the active runs of graph nightly, by max_active_runs (1 of 1 taken by n1, 1st in line)"
    )
    assert said in get(nightly, "/runs/n2/steps/extract").text
    for shown in (get(nightly, "/runs/n2").get_json(), get(nightly, "/runs").get_json()["runs"][0]):
        waits = shown["waits"]
        assert (waits["said"], waits["places"], waits["before"], waits["holders"]) == (said, 1, 0, ["n1"])
    assert "waits" not in get(nightly, "/runs/n1").get_json()
    assert (len(nightly.dataflow.active), store_of(nightly).standing(POOL)) == (1, (1, 1))


@pytest.mark.parametrize("nightly", [Policy.CANCEL_PREVIOUS], indirect=True)
def test_the_previous_run_is_cancelled_for_a_newer_one(nightly: Cloud):
    assert asked(nightly, "n2") == (201, {"run": "n2", "graph": "nightly", "status": "running", "created": True})
    first = run_of(nightly, "n1")
    assert first.stop is not None
    assert (first.stop.by, first.stop.why) == (
        "max_active_runs",
        "run 'n2' took its place: max_active_runs of graph 'nightly' is 1",
    )
    assert store_of(nightly).standing(POOL)[0] <= 1
