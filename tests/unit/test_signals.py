"""Signals: every recorded event goes through, the malformed ones too."""

import base64
import json
from typing import Any

import pytest

from orchestrator.cloud.signals import PUBSUB, STATUS_CHANGED, MalformedEventError, Signal, read
from orchestrator.jobs.dataflow.causes import Cause, classify
from tests.fixtures import fixture
from tests.launcher_texts import LAUNCHER_TEXTS


def pushed(entry: object) -> dict[str, Any]:
    """A log entry as a sink's topic delivers it."""
    return {"message": {"data": base64.b64encode(json.dumps(entry).encode()).decode(), "messageId": "1"}}


def entry(**changes: Any) -> dict[str, Any]:
    labels = {"job_id": "2026-1", "job_name": "orders--k3v9x2qaw7-1f-2", "region": "europe-west4", "step_id": ""}
    made = {"textPayload": "Worker pool stopped.", "resource": {"type": "dataflow_step", "labels": labels}}
    return {**made, **changes}


def test_a_stopped_worker_pool_is_a_signal():
    expected = Signal("orders--k3v9x2qaw7-1f-2", "2026-1", "europe-west4", "log")
    assert read(PUBSUB, pushed(entry())) == expected


@pytest.mark.parametrize(
    ("recorded", "job"),
    [
        ("worker-pool-stopped", ("orders-daily", "2026-03-04_02_11_07-1122334455667788990", "europe-west3")),
        ("launcher-failed", ("refunds-stream", "2026-03-11_05_00_00-9900112233445566778", "us-east4")),
    ],
)
def test_recorded_endings_are_signals_bare_and_as_pubsub_pushes_them(recorded: str, job: tuple[str, str, str]):
    body = pushed(fixture(f"events/{recorded}")["entry"])
    assert read(PUBSUB, body) == Signal(*job, "log")
    twice_spelt = {"message_id": "1", "publish_time": "2026-03-04T10:15:20Z", "publishTime": "2026-03-04T10:15:20Z"}
    assert read(PUBSUB, {"message": body["message"] | twice_spelt, "subscription": "s"}) == Signal(*job, "log")


@pytest.mark.parametrize("recorded", ["success-step", "function-finished", "function-started"])
def test_other_recorded_log_entries_are_none(recorded: str):
    assert read(PUBSUB, pushed(fixture(f"events/{recorded}")["entry"])) is None


def test_a_recorded_launcher_failure_of_another_wording_is_known_by_its_beginning():
    text = fixture("events/launcher-failed-early")["entry"]["textPayload"]
    assert read(PUBSUB, pushed(entry(textPayload=text))) is not None


@pytest.mark.parametrize("text", LAUNCHER_TEXTS)
def test_each_way_a_launcher_fails_is_a_signal_wherever_in_the_text_it_is_told(text: str):
    for said in (text, f"2026-01-31: {text}", text.upper(), f"Workflow of the job: \n{text}"):
        assert read(PUBSUB, pushed(entry(textPayload=said))) is not None, said


def test_a_launcher_failure_that_its_causes_know_is_a_signal():
    recorded = [text for _, text in fixture("dataflow/messages")["messages"]]
    known = [text for text in (*recorded, *LAUNCHER_TEXTS) if classify([text]) is Cause.LAUNCHER]
    assert len(known) >= 6
    assert [text for text in known if read(PUBSUB, pushed(entry(textPayload=text))) is None] == []


@pytest.mark.parametrize("text", ["", "Worker configuration: n1-standard-1", "Executing Launch", "The launcher"])
def test_what_else_a_job_says_is_none(text: str):
    assert read(PUBSUB, pushed(entry(textPayload=text))) is None
    assert read(PUBSUB, pushed(entry(textPayload=None))) is None


def test_an_eventarc_event_is_a_signal_once_the_job_has_ended():
    data = fixture("events/status-changed")["event"]["data"]
    assert read(STATUS_CHANGED, data) is None
    data["payload"]["currentState"] = "JOB_STATE_FAILED"
    number = "2026-03-12_00_20_56-1314151617181920212"
    assert read(STATUS_CHANGED, data) == Signal("tables-write-medium-1773300000000", number, "us-east4", "eventarc")


@pytest.mark.parametrize("state", ["JOB_STATE_RUNNING", "JOB_STATE_SOMETHING_NEW", None])
def test_a_state_that_may_still_change_is_none(state: str | None):
    payload = {"name": "orders--k3v9x2qaw7-1f-2", "id": "2026-1", "currentState": state}
    assert read(STATUS_CHANGED, {"payload": payload}) is None


def test_events_of_other_services_are_none():
    assert read("google.cloud.storage.object.v1.finalized", {"bucket": "b"}) is None
    assert read(PUBSUB, pushed(fixture("events/audit")["entry"])) is None
    assert read(PUBSUB, pushed([1, 2])) is None
    assert read(PUBSUB, {"message": {"messageId": "1"}}) is None


@pytest.mark.parametrize("recorded", ["message-of-text", "message-of-bytes"])
def test_a_message_that_is_no_log_entry_is_malformed(recorded: str):
    with pytest.raises(MalformedEventError):
        read(PUBSUB, fixture(f"events/{recorded}")["data"])


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (PUBSUB, b"\x00", "the event's data: expected a mapping, got bytes"),
        (PUBSUB, {}, "message: expected a mapping, got NoneType"),
        (PUBSUB, {"message": {"data": "%%%"}}, "message.data: expected a log entry as JSON in base64"),
        (
            PUBSUB,
            pushed(entry(resource={"type": "dataflow_step"})),
            "resource.labels: expected a mapping, got NoneType",
        ),
        (
            PUBSUB,
            pushed(entry(resource={"type": "dataflow_step", "labels": {"job_name": 7}})),
            "job_name: expected text, got 7",
        ),
        (STATUS_CHANGED, {"payload": 1}, "payload: expected a mapping, got int"),
        (STATUS_CHANGED, {"payload": {"currentState": "JOB_STATE_DONE"}}, "name: expected text, got None"),
    ],
)
def test_what_nobody_sends_is_malformed_and_says_where(kind: str, data: object, message: str):
    with pytest.raises(MalformedEventError) as malformed:
        read(kind, data)
    assert str(malformed.value).startswith(message)
