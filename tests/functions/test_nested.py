"""Runs inside runs in the cloud: started by tasks, told to the run outside by tasks, counted once."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.model import RunStatus, Status, Stop
from orchestrator.core.task_codec import decode
from tests.functions.cloud import Cloud, logged

NIGHT = """\
name: night
params: {date: {type: date}}
steps:
  load: {graph: load, params: {table: "t-{{ params.date }}"}}
  report: {after: load, when: "{{ steps.load.outputs.table == 't-2026-01-31' }}"}
"""
LOAD = """\
name: load
params: {table: {type: string}}
outputs: {table: "{{ params.table }}"}
steps:
  orders: {wait: 0s}
  close: {after: orders}
"""


@pytest.fixture
def night(cloud: Cloud, tmp_path: Path) -> Cloud:
    """A deployment of both graphs, in which a run has been started."""
    (tmp_path / "graphs" / "night.yaml").write_text(NIGHT)
    (tmp_path / "graphs" / "load").mkdir()
    (tmp_path / "graphs" / "load" / "graph.yaml").write_text(LOAD)
    asked = {"graph": "night", "run_id": "n1", "params": {"date": "2026-01-31"}}
    assert cloud.post("start", asked).status_code == 201
    return cloud


def deliver(cloud: Cloud, done: set[str], rounds: int) -> list[dict[str, Any]]:
    """Deliver each task once, in rounds: a round has those that the one before has put. Returns what was logged."""
    with logged() as lines:
        for _ in range(rounds):
            tasks = [task for queue in ("checks", "launches") for task in cloud.queued(queue) if task.name not in done]
            for task in tasks:
                done.add(task.name)
                assert cloud.task(decode(task.http_request.body)).status_code == 200
    return lines


def test_a_run_inside_runs_in_the_cloud_ends_the_step_outside_and_is_counted_once(night: Cloud):
    done: set[str] = set()
    lines = deliver(night, done, 9)
    store = night.world("on_task").engine.ledger.store
    run = store.find_run("n1")
    view = store.load_all(run.key)
    assert (run.status, run.nests) == (RunStatus.SUCCEEDED, True)
    assert [view.state(node).status for node in (0, 1)] == [Status.SUCCEEDED] * 2
    assert view.state(0).outputs == {"table": "t-2026-01-31"}
    assert [line["run"] for line in lines if line.get("counted") == "run_succeeded"] == ["n1"]
    inner = store.get_run(view.state(0).job)
    assert (inner.root, inner.status, inner.seal != run.seal) == ("n1", RunStatus.SUCCEEDED, True)
    assert [one.id for one in store.list_runs()] == ["n1"]


def test_what_is_inside_expires_with_the_run_outside_and_not_before(night: Cloud, monkeypatch: pytest.MonkeyPatch):
    store = night.world("on_task").engine.ledger.store
    monkeypatch.setattr(store, "_retention", 100.0)
    done: set[str] = set()
    deliver(night, done, 2)
    (inner,) = [run for run in store.unfinished() if run.parent]

    def stamps() -> list[bool]:
        document = store._calls.run(inner.key)
        found = [document.get(), *(part.get() for part in document.collection("steps").list_documents())]
        return ["expire_at" in (one.to_dict() or {}) for one in found]

    store.end_run(inner.key, RunStatus.SUCCEEDED, 5.0)
    assert stamps() == [False] * 2
    store.end_run(store.find_run("n1").key, RunStatus.SUCCEEDED, 9.0)
    assert stamps() == [True] * 2


def test_a_run_is_cancelled_with_what_is_inside(night: Cloud, tmp_path: Path):
    (tmp_path / "graphs" / "load" / "graph.yaml").write_text(LOAD.replace("0s", "1h"))
    assert night.post("start", {"graph": "night", "run_id": "n2", "params": {"date": "2026-01-31"}}).status_code == 201
    engine = night.world("on_task").engine
    store, done = engine.ledger.store, set[str]()
    deliver(night, done, 2)
    key = store.find_run("n2").key
    engine.cancel(key, Stop(5.0, "ann", "wrong day"))
    deliver(night, done, 9)
    assert store.find_run("n2").status is RunStatus.CANCELLED
    assert not [run for run in store.unfinished() if run.top == "n2"]
