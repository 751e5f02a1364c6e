"""One job of the fake of Dataflow: its states with their times, and how the API shows it."""

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

#: In the API's response to a launch of a classic template: no state, and the epoch as its time (recorded in 2022).
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(slots=True)
class Job:
    """A job. ``history``: its states, each with the time when it began and the fields that it adds to the job."""

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
        """Its real state."""
        return self.history[-1][1]

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL

    def seen(self, at: float) -> tuple[float, str, Mapping[str, Any]]:
        """The state that the API shows at the time ``at``. The first one is shown at once."""
        return next((entry for entry in reversed(self.history) if entry[0] <= at), self.history[0])

    def body(self, at: float, *, full: bool = False) -> dict[str, Any]:
        """The job as jobs.get shows it at the time ``at``. While it is queued, it has no type.

        Summaries lack its labels and the fields that states add, such as the job that replaced it.
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
        """The job in the response to its launch."""
        body = self.body(self.created, full=True)
        if self.call.classic:
            del body["currentState"]
            body["currentStateTime"] = _EPOCH
            body["type"] = "JOB_TYPE_STREAMING" if self.script.streaming else "JOB_TYPE_BATCH"
        return body

    def counters(self) -> list[dict[str, Any]]:
        """The job's metrics: each counter, committed and tentative, and one counter of the service."""
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
    """A time in Google's format."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
