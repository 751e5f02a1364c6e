"""One job of the fake Dataflow: its states with their times, and how the API shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestrator.fakes.dataflow.script import LaunchCall, Script

QUEUED, PENDING, RUNNING = "JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"
DONE, FAILED, CANCELLED = "JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"
CANCELLING, DRAINING, DRAINED = "JOB_STATE_CANCELLING", "JOB_STATE_DRAINING", "JOB_STATE_DRAINED"
UPDATED = "JOB_STATE_UPDATED"
TERMINAL = frozenset({DONE, FAILED, CANCELLED, DRAINED, UPDATED})

#: What the API answers a launch of a classic template with: no state, and the epoch as its time (recorded in 2022).
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(slots=True)
class Job:
    """A job. ``history``: its states, each with when it began and, if it has one, the state's own fields."""

    id: str
    project: str
    call: LaunchCall
    script: Script
    created: float
    history: list[tuple[float, str, Mapping[str, Any]]] = field(default_factory=list)
    messages: list[tuple[float, str, str]] = field(default_factory=list)
    metrics: dict[str, int | float] = field(default_factory=dict)
    stop: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        return self.call.name

    @property
    def state(self) -> str:
        """The state it really is in."""
        return self.history[-1][1]

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL

    def seen(self, at: float) -> tuple[float, str, Mapping[str, Any]]:
        """The state that the API knows of at ``at``; the first one is known at once."""
        return next((entry for entry in reversed(self.history) if entry[0] <= at), self.history[0])

    def body(self, at: float, *, full: bool = False) -> dict[str, Any]:
        """The job as jobs.get shows what it knows at ``at``. Queued, it has no type.

        In no summary: labels, and a state's own fields, such as what replaced the job.
        """
        since, state, fields = self.seen(at)
        body: dict[str, Any] = {
            "id": self.id,
            "projectId": self.project,
            "name": self.name,
            "currentState": state,
            "currentStateTime": stamp(since),
            "createTime": stamp(self.created),
            "startTime": stamp(self.created),
            "location": self.call.region,
        }
        if state != QUEUED:
            body["type"] = "JOB_TYPE_STREAMING" if self.script.streaming else "JOB_TYPE_BATCH"
        if full:
            body |= fields
            body["labels"] = self.call.environment.get("additionalUserLabels", {})
            body["environment"] = {}
        return body

    def launched(self) -> dict[str, Any]:
        """The job as the answer to its launch shows it."""
        body = self.body(self.created, full=True)
        if self.call.classic:
            del body["currentState"]
            body["currentStateTime"] = _EPOCH
            body["type"] = "JOB_TYPE_STREAMING" if self.script.streaming else "JOB_TYPE_BATCH"
        return body

    def counters(self) -> list[dict[str, Any]]:
        """The job's metrics: each counter committed and tentative, beside one of the service's own."""
        now = stamp(self.history[-1][0])
        own = {"name": {"origin": "dataflow/v1b3", "name": "ElementCount"}, "scalar": 12, "kind": "Sum"}
        found: list[dict[str, Any]] = [{**own, "updateTime": now}]
        for name, value in self.metrics.items():
            for tentative in ({}, {"tentative": "true"}):
                context = {"namespace": "pipeline", "step": "s1", **tentative}
                name_ = {"origin": "user", "name": name, "context": context}
                found.append({"name": name_, "kind": "Sum", "scalar": value, "updateTime": now})
        return found


def stamp(at: float) -> str:
    """A time as Google writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
