"""What Google sends when a job changes: Cloud Logging's entries and Eventarc's events, as recorded. Pure."""

import hashlib
from typing import Any

from orchestrator.fakes.dataflow.job import Job, stamp

#: The number of the fake's project. Log entries and events contain it where one would expect the project's id.
PROJECT_NUMBER = "823514981911"


def log_entry(job: Job, text: str, severity: str, at: float) -> dict[str, Any]:
    """A log entry of a job's message. It has the job's name and id, but not its labels."""
    own = {"job_id": job.id, "job_name": job.name, "region": job.call.region}
    return {
        "insertId": _id(job.id, text, str(at))[:11],
        "labels": {
            **{f"dataflow.googleapis.com/{key}": value for key, value in own.items()},
            "dataflow.googleapis.com/log_type": "system",
        },
        "logName": f"projects/{job.project}/logs/dataflow.googleapis.com%2Fjob-message",
        "receiveTimestamp": stamp(at),
        "resource": {"labels": {**own, "project_id": PROJECT_NUMBER, "step_id": ""}, "type": "dataflow_step"},
        "severity": severity,
        "textPayload": text,
        "timestamp": stamp(at),
    }


def status_changed(job: Job) -> dict[str, Any]:
    """The CloudEvent of a new state. ``job`` and ``subject`` contain the job's name; only the payload has its id."""
    at = job.history[-1][0]
    schema = "https://googleapis.github.io/google-cloudevents/proto/google/events/cloud/dataflow/v1beta3/data.proto"
    return {
        "specversion": "1.0",
        "id": _id(job.id, job.state, str(at)),
        "type": "google.cloud.dataflow.job.v1beta3.statusChanged",
        "source": f"//dataflow.googleapis.com/projects/{job.project}/locations/{job.call.region}",
        "subject": f"jobs/{job.name}",
        "job": job.name,
        "project": PROJECT_NUMBER,
        "location": job.call.region,
        "time": stamp(at),
        "datacontenttype": "application/json; charset=utf-8",
        "dataschema": f"{schema}#JobEventData",
        "data": {
            "@type": "type.googleapis.com/google.events.cloud.dataflow.v1beta3.JobEventData",
            "payload": job.body(at, full=True),
        },
    }


def _id(*parts: str) -> str:
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()
