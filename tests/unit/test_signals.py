"""Signals: every recorded event goes through, the malformed ones too."""

import base64
import json
from typing import Any

import pytest

from orchestrator.jobs.dataflow.causes import Cause, classify
from orchestrator.signals import PUBSUB, STATUS_CHANGED, MalformedEventError, Signal, read
from tests.launcher_texts import LAUNCHER_TEXTS
from tests.shared import reference


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
        (
            "log_worker_pool_stopped_2021a",
            ("my-job-name-1w2", "2021-11-16_12_18_34-3586925792726812510", "europe-west4"),
        ),
        ("log_launcher_failed_2021", ("streaming-beam-job", "2021-06-26_14_28_18-8154030066452314415", "us-central1")),
    ],
)
def test_recorded_endings_are_signals_bare_and_as_pubsub_pushes_them(recorded: str, job: tuple[str, str, str]):
    assert read(PUBSUB, pushed(reference(f"events/{recorded}.json")["log_entry"])) == Signal(*job, "log")
    assert read(PUBSUB, reference(f"events/{recorded}__pubsub_push.json")["body"]) == Signal(*job, "log")


@pytest.mark.parametrize(
    "recorded", ["log_success_step_2022", "cloud_function_finished_2021", "cloud_function_started_2021"]
)
def test_other_recorded_log_entries_are_none(recorded: str):
    assert read(PUBSUB, pushed(reference(f"events/{recorded}.json")["log_entry"])) is None


def test_a_recorded_launcher_failure_of_another_wording_is_known_by_its_beginning():
    text = reference("google/log_entry_launcher_failed.partial.json")["textPayload"]
    assert read(PUBSUB, pushed(entry(textPayload=text))) is not None


@pytest.mark.parametrize("text", LAUNCHER_TEXTS)
def test_each_way_a_launcher_fails_is_a_signal_wherever_in_the_text_it_is_told(text: str):
    for said in (text, f"2026-01-31: {text}", text.upper(), f"Workflow of the job: \n{text}"):
        assert read(PUBSUB, pushed(entry(textPayload=said))) is not None, said


def test_a_launcher_failure_that_its_causes_know_is_a_signal():
    recorded = [message["text"] for message in reference("api/errors/job_error_messages.json")["messages"]]
    known = [text for text in (*recorded, *LAUNCHER_TEXTS) if classify([text]) is Cause.LAUNCHER]
    assert len(known) >= 6
    assert [text for text in known if read(PUBSUB, pushed(entry(textPayload=text))) is None] == []


@pytest.mark.parametrize("text", ["", "Worker configuration: n1-standard-1", "Executing Launch", "The launcher"])
def test_what_else_a_job_says_is_none(text: str):
    assert read(PUBSUB, pushed(entry(textPayload=text))) is None
    assert read(PUBSUB, pushed(entry(textPayload=None))) is None


def test_an_eventarc_event_is_a_signal_once_the_job_has_ended():
    data = reference("events/eventarc_dataflow_pending_2024.json")["cloudevent"]["data"]
    assert read(STATUS_CHANGED, data) is None
    data["payload"]["currentState"] = "JOB_STATE_FAILED"
    name = "rrio-bigtable-it-write-rrio-n-small-size-small-1710361845353"
    assert read(STATUS_CHANGED, data) == Signal(
        name, "2024-03-13_13_30_56-9773037660972565699", "us-central1", "eventarc"
    )


@pytest.mark.parametrize("state", ["JOB_STATE_RUNNING", "JOB_STATE_SOMETHING_NEW", None])
def test_a_state_that_may_still_change_is_none(state: str | None):
    payload = {"name": "orders--k3v9x2qaw7-1f-2", "id": "2026-1", "currentState": state}
    assert read(STATUS_CHANGED, {"payload": payload}) is None


def test_events_of_other_services_are_none():
    assert read("google.cloud.storage.object.v1.finalized", {"bucket": "b"}) is None
    assert (
        read(
            PUBSUB, pushed(reference("events/google-cloudevents__audit_v1_LogEntryData-pubsubCreateTopic.json")["data"])
        )
        is None
    )
    assert read(PUBSUB, pushed([1, 2])) is None
    assert read(PUBSUB, {"message": {"messageId": "1"}}) is None


@pytest.mark.parametrize(
    "recorded",
    [
        "google-cloudevents__pubsub_v1_MessagePublishedData-text",
        "google-cloudevents__pubsub_v1_MessagePublishedData-duplicatedFields",
    ],
)
def test_a_message_that_is_no_log_entry_is_malformed(recorded: str):
    with pytest.raises(MalformedEventError):
        read(PUBSUB, reference(f"events/{recorded}.json")["data"])


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (PUBSUB, b"\x00", "the event's data: expected a mapping, came bytes"),
        (PUBSUB, {}, "message: expected a mapping, came NoneType"),
        (PUBSUB, {"message": {"data": "%%%"}}, "message.data: expected a log entry as JSON in base64"),
        (
            PUBSUB,
            pushed(entry(resource={"type": "dataflow_step"})),
            "resource.labels: expected a mapping, came NoneType",
        ),
        (
            PUBSUB,
            pushed(entry(resource={"type": "dataflow_step", "labels": {"job_name": 7}})),
            "job_name: expected text, came 7",
        ),
        (STATUS_CHANGED, {"payload": 1}, "payload: expected a mapping, came int"),
        (STATUS_CHANGED, {"payload": {"currentState": "JOB_STATE_DONE"}}, "name: expected text, came None"),
    ],
)
def test_what_nobody_sends_is_malformed_and_says_where(kind: str, data: object, message: str):
    with pytest.raises(MalformedEventError) as malformed:
        read(kind, data)
    assert str(malformed.value).startswith(message)
