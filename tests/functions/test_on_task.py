"""``on_task``: does what a task asks for, exactly once, and lets a poisonous one not loop."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.cloud.wiring import QUEUE_NAME
from orchestrator.core.messages import Check, Finish, Launch, Pass, Skip
from orchestrator.core.model import Run, RunStatus, Status, Stop
from orchestrator.core.names import run_key
from orchestrator.core.task_codec import decode, encode
from orchestrator.fakes.cloud_tasks.delivery import token
from orchestrator.fakes.dataflow.script import RefusedError, unavailable
from orchestrator.stores.firestore.documents import of_run
from tests.functions.cloud import KEY, TRACE, Cloud, logged

DAY = 86_400.0


@pytest.fixture
def started(cloud: Cloud) -> Cloud:
    body = {"graph": "sales", "run_id": "r1", "params": {"date": "2026-01-31"}}
    assert cloud.post("start", body).status_code == 201
    return cloud


def test_a_run_goes_from_its_start_to_its_end_by_tasks_alone(started: Cloud):
    (launch,) = started.queued("launches")
    assert started.post("on_task", launch.http_request.body).status_code == 200
    (name,) = started.dataflow.launches
    started.dataflow.move(name, "DONE")
    assert started.task(Check(KEY, 0, 1)).status_code == 200
    assert started.task(Launch(KEY, 1, 1)).status_code == 200
    assert started.task(Finish(KEY)).status_code == 200
    store = started.world("on_task").engine.ledger.store
    assert store.get_run(KEY).status is RunStatus.SUCCEEDED
    assert [store.load_all(KEY).state(node).status for node in (0, 1)] == [Status.SUCCEEDED] * 2
    assert dict(started.dataflow.launches) == {name: 1}


def test_a_launch_that_nobody_owes_is_acknowledged_and_begins_nothing(started: Cloud):
    """Whoever may put tasks could launch a step before those before it had ended."""
    (task,) = started.queued("launches")
    seen = decode(task.http_request.body)
    assert isinstance(seen, Launch)
    assert len(seen.proof) == 32
    made_up = (Launch(KEY, 1, 1), Launch(KEY, 1, 1, proof="0" * 32), replace(seen, node=1), replace(seen, attempt=2))
    assert [started.task(launch).status_code for launch in made_up] == [200] * 4
    assert started.world("on_task").engine.ledger.store.load_all(KEY).states == {}
    assert dict(started.dataflow.launches) == {}


def test_a_job_has_the_options_that_the_deployment_sets(started: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCHESTRATOR_JOB_OPTIONS", '{"service_account": "jobs@demo.iam.gserviceaccount.com"}')
    monkeypatch.setenv("ORCHESTRATOR_JOB_PREFIX", "orc-dev")
    assert started.task(Launch(KEY, 0, 1)).status_code == 200
    (job,) = started.dataflow.service.jobs.values()
    assert job.name == f"orc-dev--orders--{KEY}-0-1"
    assert job.call.environment["serviceAccountEmail"] == "jobs@demo.iam.gserviceaccount.com"


def test_what_was_done_is_logged_with_the_names_that_people_know(started: Cloud):
    with logged() as lines:
        started.task(Launch(KEY, 0, 1))
    assert lines == [
        {
            "severity": "INFO",
            "message": f"performed {KEY}-0-launch-1",
            "task": f"{KEY}-0-launch-1",
            "key": KEY,
            "attempt": 1,
            "run": "r1",
            "step": "orders",
            "logging.googleapis.com/trace": f"projects/{started.project}/traces/{TRACE}",
        }
    ]


def about_runs(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines that count something of a run; how long it took is told, and no number is asserted of it."""
    counted = [line for line in lines if "counted" in line]
    assert all(isinstance(line.pop("seconds"), float) for line in counted)
    return counted


@pytest.mark.parametrize(
    ("job", "status", "severity", "why", "about"),
    [
        ("DONE", "succeeded", "INFO", "", {}),
        ("CANCELLED", "failed", "ERROR", ": orders", {"failed": {"orders": "cancelled"}}),
    ],
)
def test_the_end_of_a_run_is_logged_to_be_counted_as_often_as_its_task_comes(
    started: Cloud, job: str, status: str, severity: str, why: str, about: dict[str, Any]
):
    started.task(Launch(KEY, 0, 1))
    (name,) = started.dataflow.launches
    started.dataflow.move(name, job)
    for effect in (Check(KEY, 0, 1), Launch(KEY, 1, 1) if job == "DONE" else Skip(KEY, 1)):
        started.task(effect)
    with logged() as lines:
        for _ in range(2):
            assert started.task(Finish(KEY)).status_code == 200
    messages = [line.pop("message") for line in lines]
    assert messages == [f"performed {KEY}-finish", f"run r1 {status}{why}"] * 2
    trace = {"logging.googleapis.com/trace": f"projects/{started.project}/traces/{TRACE}"}
    line = {"severity": severity, "counted": f"run_{status}", "run": "r1", "graph": "sales", **about, **trace}
    assert about_runs(lines) == [line, line]


def test_a_cancelled_run_is_counted_apart_and_is_no_error(started: Cloud):
    started.task(Launch(KEY, 0, 1))
    assert started.world("on_task").engine.cancel(KEY, Stop(1.0, "ann", "wrong input")) == (1, 1)
    assert started.task(Check(KEY, 0, 1, "stop")).status_code == 200
    (name,) = started.dataflow.launches
    started.dataflow.move(name, "CANCELLED")
    for effect in (Check(KEY, 0, 1, "stop", 1), Skip(KEY, 1)):
        assert started.task(effect).status_code == 200
    with logged() as lines:
        started.task(Finish(KEY))
    assert [line.pop("message") for line in lines][1:] == ["run r1 cancelled by ann: wrong input"]
    trace = {"logging.googleapis.com/trace": f"projects/{started.project}/traces/{TRACE}"}
    counted = {"severity": "NOTICE", "counted": "run_cancelled", "run": "r1", "graph": "sales"}
    assert about_runs(lines) == [{**counted, "by": "ann", "why": "wrong input", **trace}]


def test_a_step_that_fails_for_good_is_logged_once_with_its_cause_and_error(started: Cloud):
    """Not at an attempt that is made again, and not again when the task comes again."""
    with logged() as lines:
        for attempt, error in ((1, "Workflow failed."), (2, "ValueError: no such day")):
            assert started.task(Launch(KEY, 0, attempt)).status_code == 200
            (name,) = [name for name in started.dataflow.launches if name.endswith(f"-{attempt}")]
            started.dataflow.move(name, "FAILED", error)
            for _ in range(2):
                assert started.task(Check(KEY, 0, attempt)).status_code == 200
    (line,) = [line for line in lines if line.get("counted") == "step_failed"]
    state = started.world("on_task").engine.ledger.store.load_all(KEY).state(0)
    assert state.cause is not None
    assert state.error.endswith("ValueError: no such day")
    assert line == {
        "severity": "ERROR",
        "message": f"step 'orders' of run r1 failed: {state.error}",
        "counted": "step_failed",
        "run": "r1",
        "graph": "sales",
        "step": "orders",
        "attempt": 2,
        "cause": state.cause,
        "error": state.error,
        "job": state.job,
        "logging.googleapis.com/trace": f"projects/{started.project}/traces/{TRACE}",
    }


def test_a_step_whose_launch_is_refused_is_logged_as_failed(started: Cloud):
    started.dataflow.fail("flexTemplates.launch", RefusedError(403, "PERMISSION_DENIED", "The caller may not."))
    with logged() as lines:
        for _ in range(2):
            assert started.task(Launch(KEY, 0, 1)).status_code == 200
    (line,) = [line for line in lines if line.get("counted") == "step_failed"]
    assert (line["run"], line["step"], line["attempt"], line["cause"]) == ("r1", "orders", 1, "permission")
    assert "The caller may not." in line["error"]
    assert "job" not in line


def test_a_task_to_end_a_run_that_goes_on_says_nothing_of_an_end(started: Cloud):
    with logged() as lines:
        assert started.task(Finish(KEY)).status_code == 200
    assert about_runs(lines) == []


def test_eight_deliveries_of_one_task_at_once_make_one_job(started: Cloud):
    started.world("on_task")
    with ThreadPoolExecutor(8) as threads, logged() as lines:
        answers = list(threads.map(lambda _: started.task(Launch(KEY, 0, 1)).status_code, range(8)))
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert len(lines) == 8
    assert list(started.dataflow.launches.values()) == [1]
    assert started.task(Launch(KEY, 0, 1)).status_code == 200
    assert list(started.dataflow.launches.values()) == [1]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b"{}", b'{"do": "os.system", "run": "x"}', b'{"do": "launch"}', b"[" * 100_000],
)
def test_what_is_no_task_of_ours_is_dropped_with_an_error(cloud: Cloud, body: bytes):
    with logged() as lines:
        assert cloud.post("on_task", body).status_code == 200
    assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "malformed")]


def test_a_task_of_no_run_or_of_no_step_is_dropped_with_an_error(started: Cloud):
    for effect in (Launch("bbbbbbbbbb", 0, 1), Launch(KEY, 99, 1), Check(KEY, 2, 1), Pass(KEY, 0), Skip(KEY, 2)):
        with logged() as lines:
            assert started.task(effect).status_code == 200
        assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "task_dropped")]
    assert not started.dataflow.launches


SIGNALS, CHECKS, LAUNCHES = ({QUEUE_NAME: queue} for queue in ("signals", "checks", "launches"))


def test_what_signals_put_may_ask_for_a_check_and_nothing_else(started: Cloud):
    """So the account that reads other people's log entries can end, launch, stop or skip nothing."""
    started.task(Launch(KEY, 0, 1))
    (name,) = started.dataflow.launches
    store = started.world("on_task").engine.ledger.store
    before = store.load_all(KEY)
    forged = [
        Launch(KEY, 1, 1), Launch(KEY, 0, 2), Skip(KEY, 1), Finish(KEY), Check(KEY, 0, 1), Check(KEY, 0, 1, "stop"),
        Check(KEY, 0, 1, "sweep7stop"), Check(KEY, 0, 1, "signal", 1),
    ]  # fmt: skip
    for effect in forged:
        with logged() as lines:
            assert started.post("on_task", encode(effect).encode(), SIGNALS).status_code == 200
        assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "task_dropped")]
    assert store.load_all(KEY) == before
    assert started.dataflow.service.jobs[next(iter(started.dataflow.service.jobs))].name == name
    started.dataflow.move(name, "DONE")
    assert started.post("on_task", encode(Check(KEY, 0, 1, "signal")).encode(), SIGNALS).status_code == 200
    assert store.load_all(KEY).state(0).status is Status.SUCCEEDED


def test_the_lane_of_launches_launches_and_does_nothing_else(started: Cloud):
    with logged() as lines:
        assert started.post("on_task", encode(Check(KEY, 0, 1, "stop")).encode(), LAUNCHES).status_code == 200
    assert [line["counted"] for line in lines] == ["task_dropped"]


@pytest.mark.parametrize(
    ("name", "came"), [("", "is missing"), ("launches-of-others", "names 'lau"), ("x" * 9_000, "names 'xxx")]
)
def test_whoever_is_none_of_the_queues_may_not_call(started: Cloud, name: str, came: str):
    with logged() as lines:
        answer = started.post("on_task", encode(Launch(KEY, 0, 1)).encode(), {QUEUE_NAME: name})
    assert answer.status_code == 403
    said = "expected a call from the queue signals or launches or checks: the header X-CloudTasks-QueueName"
    assert answer.text.startswith(f"{said} {came}")
    assert len(answer.text) < 300
    assert [(line["severity"], line["counted"]) for line in lines] == [("WARNING", "task_refused")]
    assert not started.dataflow.launches


def test_the_token_of_signals_opens_no_other_queue(started: Cloud):
    def bearer(account: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token(f'{account}@{started.project}.iam.gserviceaccount.com', 'x', 0.0)}"}

    launch = encode(Launch(KEY, 0, 1)).encode()
    for queue in (CHECKS, LAUNCHES):
        assert started.post("on_task", launch, queue | bearer("checker")).status_code == 403
    check = encode(Check(KEY, 0, 1, "signal")).encode()
    assert started.post("on_task", check, SIGNALS | bearer("checker")).status_code == 200
    assert not started.dataflow.launches
    assert started.post("on_task", launch, LAUNCHES | bearer("tasks")).status_code == 200
    assert len(started.dataflow.launches) == 1


@pytest.mark.parametrize("queue", ["checks", "signals", "launches"])
def test_a_task_hops_on_its_own_queue_alone_and_one_of_signals_not_at_all(started: Cloud, queue: str):
    chain = "signal" if queue == "signals" else "watchdog"
    effect = Launch(KEY, 0, 1, due=9e9) if queue == "launches" else Check(KEY, 0, 1, chain, due=9e9)
    for onward in ("checks", "launches", "signals"):
        before = [len(started.queued(name)) for name in ("checks", "launches", "signals")]
        body = {**json.loads(encode(effect)), "hop": {"name": effect.name, "lane": onward}}
        with logged() as lines:
            assert started.post("on_task", body, {QUEUE_NAME: queue}).status_code == 200
        hops = onward == queue != "signals"
        assert [line.get("counted") for line in lines] == [None if hops else "task_dropped"]
        after = [len(started.queued(name)) for name in ("checks", "launches", "signals")]
        assert (after != before) is hops


def test_what_fails_for_now_comes_again(started: Cloud):
    started.task(Launch(KEY, 0, 1))
    started.dataflow.fail("jobs.get", *[unavailable()] * 20)
    with logged() as lines:
        answer = started.task(Check(KEY, 0, 1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert [(line["severity"], line["run"], line["step"]) for line in lines] == [("WARNING", "r1", "orders")]


def test_a_task_that_is_due_in_sixty_days_is_sent_on_and_not_performed(started: Cloud):
    far = Check(KEY, 0, 1, due=time.time() + 60 * DAY)
    hopping = {**json.loads(encode(far)), "hop": {"name": far.name, "lane": "checks"}}
    watchdogs = {task.name for task in started.queued()}
    assert [started.post("on_task", hopping).status_code for _ in range(2)] == [200, 200]
    (onward,) = [task for task in started.queued() if task.name not in watchdogs]
    assert onward.name.endswith(f"{far.name}-hop-2")
    assert decode(onward.http_request.body) == far


def aged(cloud: Cloud, seconds: float) -> None:
    """The run began so long ago."""
    store = cloud.world("sweep").engine.ledger.store
    run = store.get_run(KEY)
    store._client.collection("runs").document(KEY).set(of_run(replace(run, started_at=time.time() - seconds)))


def test_a_sweep_leaves_alone_what_was_owed_a_moment_ago(started: Cloud):
    assert started.post("sweep", b"").get_json() == {"runs": 1, "tasks": 0}
    assert len(started.queued("launches")) == 1


def test_a_sweep_pays_again_what_unfinished_runs_have_owed_for_long_and_once_in_hours(started: Cloud):
    aged(started, 1000.0)
    assert started.post("sweep", b"").get_json() == {"runs": 1, "tasks": 1}
    assert len(started.queued("launches")) == 1  # it waits there
    aged(started, 4000.0)
    for _ in range(3):
        assert started.post("sweep", b"").get_json() == {"runs": 1, "tasks": 1}
    assert len(started.queued("launches")) == 2


def test_a_sweep_leaves_runs_alone_that_have_ended(started: Cloud):
    started.world("sweep").engine.ledger.store.end_run(KEY, RunStatus.FAILED, 1.0)
    assert started.post("sweep", b"").get_json() == {"runs": 0, "tasks": 0}


def test_a_run_that_cannot_be_swept_does_not_keep_the_others(started: Cloud):
    """One whose plan is gone, say; both ids in both orders of the list, and the answer says that not all is well."""
    store = started.world("sweep").engine.ledger.store
    for run_id in ("r0", "r2"):
        lost = Run(run_id, run_key(run_id), "sales", "gone", {"date": "2026-01-31"}, 1.0)
        store._client.collection("runs").document(lost.key).set(of_run(lost))
    aged(started, 4000.0)
    with logged() as lines:
        answer = started.post("sweep", b"")
    assert answer.status_code == 404
    assert len(started.queued("launches")) == 2
    errors = sorted((line["run"], line["message"]) for line in lines if line["severity"] == "ERROR")
    assert errors == [(run_id, "not swept: no plan has the version 'gone'") for run_id in ("r0", "r2")]


def test_a_run_that_takes_too_long_is_logged_by_every_sweep(started: Cloud, monkeypatch: pytest.MonkeyPatch):
    with logged() as lines:
        started.post("sweep", b"")
    assert [line["severity"] for line in lines] == ["INFO"]
    started.world("sweep").close()
    started.modules["sweep"]._world.cache_clear()
    monkeypatch.setenv("ORCHESTRATOR_STUCK_AFTER", "0")
    with logged() as lines:
        for _ in range(2):
            started.post("sweep", b"")
    swept = {"severity": "INFO", "message": "swept 1 runs", "runs": 1, "tasks": 0}
    stuck = {
        "severity": "WARNING",
        "message": "run r1 stuck",
        "counted": "run_stuck",
        "run": "r1",
        "graph": "sales",
    }
    assert lines[1::2] == [swept, swept]
    assert about_runs(lines[::2]) == [stuck, stuck]
