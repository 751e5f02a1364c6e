"""Being told in the cloud: the functions put and send notifications, and what they log of it."""

import base64
import json
import time

import pytest

from orchestrator.core.messages import Announce, Finish, Launch, Notify
from orchestrator.core.model import RunStatus, Status, StepState, Transition
from orchestrator.core.task_codec import decode, encode
from tests.doubles.webhook import webhook
from tests.functions.cloud import KEY, Cloud, logged

TOPIC = "projects/demo/topics/runs"
QUEUE = {"X-CloudTasks-QueueName": "notices"}
HUB = json.dumps({"hub": {"topic": TOPIC, "url": None, "on": ["run_failed", "step_failed"]}})


@pytest.fixture
def told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A deployment with a topic that is notified; its run has failed but for its end."""
    monkeypatch.setenv("ORCHESTRATOR_NOTIFY", HUB)
    monkeypatch.setenv("ORCHESTRATOR_NOTICES_QUEUE", "notices")
    body = {"graph": "sales", "run_id": "r1", "params": {"date": "2026-01-31"}}
    assert cloud.post("start", body).status_code == 201
    return cloud


def test_a_failed_run_is_published_to_its_topic_and_params_are_left_out(told: Cloud, monkeypatch: pytest.MonkeyPatch):
    with webhook(503, 200) as pubsub:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.url.removeprefix("http://"))
        store = told.world("on_task").engine.ledger.store
        assert store.get_run(KEY).notify == {"hub": ["run_failed", "step_failed"]}
        failed = StepState(Status.FAILED, 1, error="no data for 2026-01-31", cause="user_code", ended_at=time.time())
        store.transact(KEY, 0, lambda _: Transition(failed))
        assert told.task(Announce(KEY, 0, 1)).status_code == 200
        store.end_run(KEY, RunStatus.FAILED, time.time(), {"orders": "user_code"})
        names = [decode(task.http_request.body) for task in told.queued("notices")]
        assert names == [Notify(KEY, "hub", "step_failed", 0, 1)]
        body = encode(Notify(KEY, "hub", "run_failed")).encode()
        with logged() as lines:
            down = told.post("on_task", body, QUEUE)
        assert (down.status_code, down.text) == (503, "receiver 'hub': Pub/Sub answered 503\n")
        assert [line["severity"] for line in lines] == ["WARNING"]
        assert told.post("on_task", body, QUEUE).status_code == 200
    message = json.loads(pubsub.bodies[-1])["messages"][0]
    event = json.loads(base64.b64decode(message["data"]))
    assert pubsub.paths == [f"/v1/{TOPIC}:publish"] * 2
    assert message["attributes"] == {
        "content-type": "application/cloudevents+json",
        "occasion": "run_failed",
        "graph": "sales",
    }
    assert event["id"] == f"{KEY}-run-failed"
    assert event["data"]["failed"][0]["error"] == "no data for {{ params.date }}"
    assert event["data"]["fix"] == f"orchestrator rerun r1 --project {told.project} --region europe-west4"


def test_the_queue_of_notifications_takes_nothing_else(told: Cloud):
    assert told.post("on_task", encode(Finish(KEY)).encode(), QUEUE).status_code == 200
    with logged() as lines:
        told.post("on_task", encode(Launch(KEY, 0, 1)).encode(), QUEUE)
    assert "is not a notification, and the queue 'notices' takes nothing else" in lines[0]["message"]
    assert told.world("on_task").engine.ledger.store.load_all(KEY).states == {}


def test_a_wrong_variable_is_named_and_no_address_is_quoted(cloud: Cloud):
    with pytest.MonkeyPatch.context() as patch, logged() as lines:
        patch.setenv("ORCHESTRATOR_NOTIFY", '{"ops": {"url": "http://hooks.example.com/token"}}')
        assert cloud.post("start", {"graph": "sales"}).status_code == 503
    assert "ORCHESTRATOR_NOTIFY: ops: expected an address such as https://" in lines[0]["message"]
    assert "token" not in lines[0]["message"]
