"""Parses the events that Google sends when a job may have ended: log entries by Pub/Sub, and Eventarc's events. Pure.

A signal is not trusted: it only says which job to check. The job's name tells whether it is ours (core/names.py).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.cloud.endings import ENDINGS

#: CloudEvent types (google-cloudevents; Eventarc's documentation, 2026-04).
PUBSUB = "google.cloud.pubsub.topic.v1.messagePublished"
STATUS_CHANGED = "google.cloud.dataflow.job.v1beta3.statusChanged"

#: The states that are final (Dataflow's discovery document, revision 20261018).
ENDED = frozenset(f"JOB_STATE_{state}" for state in ("DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINED"))


class MalformedEventError(ValueError):
    """Not an event of any Google service. A redelivery would be the same: acknowledge it, and log a warning."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A notice that a job may have ended. ``source``: ``log`` or ``eventarc``."""

    job_name: str
    job_id: str
    region: str
    source: str

    @property
    def has_state(self) -> bool:
        """Whether it contains the job's state, which is final: the check need not wait for a lag."""
        return self.source == "eventarc"


def read(kind: str, data: object) -> Signal | None:
    """The signal in a CloudEvent of type ``kind``; None if it is about something else. Raises MalformedEventError."""
    if kind == STATUS_CHANGED:
        return _status_changed(_mapping(data, "the event's data"))
    if kind == PUBSUB:
        return _log_entry(_message(_mapping(data, "the event's data")))
    return None


def _status_changed(data: Mapping[str, Any]) -> Signal | None:
    """Eventarc's event carries the whole job. Its attribute ``job`` is the job's *name*, so the payload is read."""
    job = _mapping(data.get("payload"), "payload")
    if job.get("currentState") not in ENDED:
        return None
    return Signal(_text(job, "name"), _text(job, "id"), str(job.get("location", "")), "eventarc")


def tells_of_an_end(text: str) -> bool:
    """Whether an entry with this text may be a job's last one: the same texts that the log sink exports."""
    said = text.lower()
    return any(ending.lower() in said for ending in ENDINGS)


def _log_entry(entry: Mapping[str, Any]) -> Signal | None:
    """An entry of Dataflow's job-message log. It does not contain the job's own labels."""
    resource = entry.get("resource")
    if not isinstance(resource, Mapping) or resource.get("type") != "dataflow_step":
        return None
    if not tells_of_an_end(str(entry.get("textPayload", ""))):
        return None
    labels = _mapping(resource.get("labels"), "resource.labels")
    return Signal(_text(labels, "job_name"), _text(labels, "job_id"), str(labels.get("region", "")), "log")


def _message(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON in a Pub/Sub message; empty if the message has no data, or data that is not ours."""
    message = _mapping(data.get("message"), "message")
    try:
        found = json.loads(base64.b64decode(str(message.get("data", "")), validate=True) or b"{}")
    except (binascii.Error, ValueError, RecursionError) as error:
        raise MalformedEventError(f"message.data: expected a log entry as JSON in base64: {error}") from error
    if isinstance(found, Mapping) and "payload" in found and "resource" not in found:
        raise MalformedEventError(
            "message.data: expected a log entry, got an Eventarc event: let its trigger call on_signal, not the topic"
        )
    return found if isinstance(found, Mapping) else {}


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedEventError(f"{what}: expected a mapping, got {type(value).__name__}")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEventError(f"{name}: expected text, got {value!r}")
    return value
