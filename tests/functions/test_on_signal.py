"""``on_signal``: one look for each job of ours, nothing for any other, and what cannot be read never comes again."""

import json
import time
from typing import Any

import grpc
import pytest

from orchestrator.cloud.signals import PUBSUB, STATUS_CHANGED
from orchestrator.core.messages import EVENT, SIGNAL, Check
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.task_codec import decode
from orchestrator.fakes.cloud_tasks.faults import CallFault
from tests.fixtures import fixture
from tests.functions.cloud import TRACE, Cloud, event, logged, pushed

OURS = job_name("orders", JobRef(run_key("r"), 31, 2))


def entry(name: str = OURS, text: str = "Worker pool stopped.") -> dict[str, Any]:
    labels = {"job_id": "2026-1", "job_name": name, "region": "europe-west4", "step_id": ""}
    return {"textPayload": text, "resource": {"type": "dataflow_step", "labels": labels}}


def changed(state: str = "JOB_STATE_DONE") -> dict[str, Any]:
    return {"payload": {"name": OURS, "id": "2026-1", "location": "europe-west4", "currentState": state}}


def structured(kind: str, data: object) -> dict[str, Any]:
    return {"id": "1", "source": "//test", "specversion": "1.0", "type": kind, "data": data}


STRUCTURED = {"Content-Type": "application/cloudevents+json"}
RAW_PUSH = pushed(entry())


LOGGED = [(pushed(entry()), event()), (structured(PUBSUB, pushed(entry())), STRUCTURED), (RAW_PUSH, {})]
TOLD = [(changed(), event(STATUS_CHANGED)), (structured(STATUS_CHANGED, changed()), STRUCTURED)]


@pytest.mark.parametrize(
    ("deliveries", "chain", "delay"), [(LOGGED, SIGNAL, 2.0), (TOLD, EVENT, 0.0)], ids=["log entry", "eventarc"]
)
def test_one_job_is_checked_once_however_often_and_in_whatever_form_it_is_told(
    signals_only: Cloud, deliveries: list[Any], chain: str, delay: float
):
    """Soon after a log entry, whose job may still count as running; at once after an event, which has the state."""
    begun = time.time()
    for body, headers in deliveries * 2:
        assert signals_only.post("on_signal", body, headers).status_code == 200
    (task,) = signals_only.queued("signals")
    check = decode(task.http_request.body)
    assert isinstance(check, Check)
    assert (check.run, check.node, check.attempt, check.chain) == (run_key("r"), 31, 2, chain)
    assert (begun + delay if delay else 0.0) <= check.due <= time.time() + delay
    assert "_engine" not in vars(signals_only.world("on_signal"))  # no store, no Dataflow


def test_of_two_orchestrators_in_one_project_each_hears_of_its_own_jobs_alone(
    signals_only: Cloud, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ORCHESTRATOR_JOB_PREFIX", "orc-dev")
    ref = JobRef(run_key("r"), 31, 2)
    for name in (OURS, job_name("orders", ref, "orc"), job_name("orders", ref, "orc-prod")):
        signals_only.post("on_signal", pushed(entry(name)), event())
    assert signals_only.queued("signals") == []
    signals_only.post("on_signal", pushed(entry(job_name("orders", ref, "orc-dev"))), event())
    assert len(signals_only.queued("signals")) == 1


def test_a_signal_is_logged_with_the_trace_of_its_request(signals_only: Cloud):
    with logged() as lines:
        signals_only.post(
            "on_signal",
            pushed(entry()),
            {**event(), "X-Cloud-Trace-Context": f"{TRACE}/1;o=1", "Authorization": "s3cret"},
        )
    assert lines == [
        {
            "severity": "INFO",
            "message": "log: the job may have ended",
            "job_name": OURS,
            "job": "2026-1",
            "logging.googleapis.com/trace": f"projects/{signals_only.project}/traces/{TRACE}",
        }
    ]


@pytest.mark.parametrize("recorded", ["worker-pool-stopped", "launcher-failed", "success-step"])
def test_recorded_jobs_of_others_cost_one_invocation_and_no_connection(signals_only: Cloud, recorded: str):
    body = pushed(fixture(f"events/{recorded}")["entry"])
    with logged() as lines:
        assert signals_only.post("on_signal", body, event()).status_code == 200
        assert signals_only.post("on_signal", body).status_code == 200
    assert (lines, signals_only.queued("signals")) == ([], [])
    assert not {"_queue", "_engine"} & set(vars(signals_only.world("on_signal")))


def test_a_recorded_eventarc_event_of_another_job_does_nothing(signals_only: Cloud):
    told = fixture("events/status-changed")["event"]
    for state in ("JOB_STATE_PENDING", "JOB_STATE_FAILED"):
        told["data"]["payload"]["currentState"] = state
        assert signals_only.post("on_signal", {"specversion": "1.0", **told}, STRUCTURED).status_code == 200
    assert signals_only.queued("signals") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (pushed(entry(text="Starting 3 workers")), PUBSUB),
        (pushed({"resource": {"type": "cloud_function"}}), PUBSUB),
        (changed("JOB_STATE_RUNNING"), STATUS_CHANGED),
        ({"bucket": "b"}, "google.cloud.storage.object.v1.finalized"),
    ],
)
def test_other_events_are_acknowledged_in_silence(signals_only: Cloud, body: dict[str, Any], kind: str):
    with logged() as lines:
        assert signals_only.post("on_signal", body, event(kind)).status_code == 200
    assert (lines, signals_only.queued("signals")) == ([], [])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"message": ', event()),
        (b"\xff\xfe\x00", event()),
        (b"", event()),
        (b"[" * 100_000, event()),
        (b"not JSON", {}),
        (b"\xff", {}),
        (b"\xff", STRUCTURED),
        (b'{"id": 1', STRUCTURED),
        ([1], {}),
        ({"message": {"messageId": "no data"}, "subscription": "s"}, {}),
        ({"message": {"data": "%%%", "messageId": "1"}}, event()),
        (pushed(b"not JSON"), event()),
        (pushed(b"\xff"), event()),
        ({"message": 1}, event()),
        ({"payload": {"currentState": "JOB_STATE_DONE"}}, event(STATUS_CHANGED)),
        (pushed({**entry(), "resource": {"type": "dataflow_step", "labels": 1}}), event()),
    ],
)
def test_what_cannot_be_read_is_acknowledged_with_a_warning(signals_only: Cloud, body: object, headers: dict[str, str]):
    with logged() as lines:
        answer = signals_only.post("on_signal", body, headers)
    assert answer.status_code == 200, answer.text
    assert [(line["severity"], line["counted"]) for line in lines] == [("WARNING", "malformed")]
    assert lines[0]["message"].startswith("malformed event dropped: ")


def test_a_signal_comes_again_while_the_queue_is_down(signals_only: Cloud):
    signals_only.faults.append(CallFault(grpc.StatusCode.PERMISSION_DENIED))
    with logged() as lines:
        answer = signals_only.post("on_signal", pushed(entry()), event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert [line["severity"] for line in lines] == ["ERROR"]
    signals_only.faults.clear()
    assert signals_only.post("on_signal", pushed(entry()), event()).status_code == 200
    assert len(signals_only.queued("signals")) == 1


def test_a_deployment_that_lacks_a_setting_says_so_and_loses_nothing(
    signals_only: Cloud, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.delenv("ORCHESTRATOR_REGION")
        for target in ("on_signal", "on_task", "start", "sweep"):
            with logged() as lines:
                answer = signals_only.post(target, pushed(entry()), event())
            assert answer.status_code == 503
            assert lines == [
                {"severity": "ERROR", "message": "not handled: ORCHESTRATOR_REGION: expected a value, got nothing"}
            ]
    assert signals_only.post("on_signal", json.dumps(pushed(entry())).encode(), event()).status_code == 200
