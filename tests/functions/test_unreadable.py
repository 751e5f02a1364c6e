"""One document that cannot be read: the sweep says which, does all the rest, and no task comes again for ever."""

import json
import time

import pytest

from orchestrator.core.messages import Launch
from tests.functions.cloud import Cloud, logged

NAMES = ("r0", "r1", "r2")


@pytest.fixture
def three(cloud: Cloud) -> Cloud:
    """Three runs, of which the first step's launch waits."""
    for name in NAMES:
        body = {"graph": "sales", "run_id": name, "params": {"date": "2026-01-31"}}
        assert cloud.post("start", body).status_code == 201
    return cloud


def key(cloud: Cloud, name: str) -> str:
    """What a run is called by in messages and documents."""
    return cloud.world("sweep").engine.ledger.store.find_run(name).key


def document(cloud: Cloud, path: str):
    return cloud.world("sweep").engine.ledger.store._client.document(path)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("runs/{}", {"run": json.dumps({"status": "paused"})}),
        ("runs/{}", {"schema": 99}),
        ("runs/{}", {"run": "[" * 100_000}),
        ("runs/{}/steps/0", {"state": '{"status": "paused"}'}),
        ("runs/{}/steps/0", {"schema": 99, "state": "{}"}),
        ("runs/{}/steps/True", {"state": "{}"}),
        ("runs/{}/counters/0", {"arrived": 1}),
    ],
)
def test_a_sweep_says_which_document_it_cannot_read_and_sweeps_the_rest(three: Cloud, path: str, fields: dict):
    damaged = path.format(key(three, "r1"))
    document(three, damaged).set(fields, merge=True)
    three.world("sweep").engine.ledger.clock = lambda: time.time() + 86_400.0  # all is owed for long
    with logged() as lines:
        answer = three.post("sweep", b"")
    assert answer.status_code == 200
    assert (answer.get_json()["unreadable"], answer.get_json()["tasks"] >= 2) == (1, True)
    wrong = [(line["counted"], line["path"]) for line in lines if line["severity"] == "ERROR"]
    assert wrong == [("unreadable", damaged)]


@pytest.mark.parametrize(
    ("fields", "status", "severity"),
    [({"state": '{"status": "paused"}'}, 200, "ERROR"), ({"schema": 99, "state": "{}"}, 503, "WARNING")],
    ids=["nobody can", "a newer version can"],
)
def test_a_task_that_meets_such_a_document_is_dropped_unless_another_machine_may_read_it(
    three: Cloud, fields: dict, status: int, severity: str
):
    path = f"runs/{key(three, 'r1')}/steps/0"
    document(three, path).set(fields)
    with logged() as lines:
        answer = three.task(Launch(key(three, "r1"), 0, 1))
    assert answer.status_code == status
    (line,) = lines
    assert (line["severity"], line["path"], line["run"]) == (severity, path, "r1")
    assert line["message"].startswith(f"{path} cannot be read: ")
    assert not three.dataflow.launches
    assert document(three, path).get().to_dict() == fields
