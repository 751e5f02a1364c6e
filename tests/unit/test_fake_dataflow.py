"""The fake for Dataflow is as strict as the real one, and sends what the real one sends."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from orchestrator.fakes.dataflow.schema import methods, misfits
from orchestrator.fakes.dataflow.script import LAUNCHER_ERROR, LaunchCall, Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from tests.fixtures import fixture

PLACE = "/v1b3/projects/p/locations/europe-west4"
ENDS = ("JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED")


class Caller:
    """Speaks plain HTTP to a fake, and keeps what it emits."""

    def __init__(self, write: Callable[[LaunchCall], Script], **options: Any) -> None:
        self.sent: SimpleQueue[tuple[str, dict[str, Any]]] = SimpleQueue()
        self.fake = FakeDataflow(write, lambda kind, body: self.sent.put((kind, body)), **options)

    def call(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.fake.url + PLACE + path, data, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def launch(self, name: str, **more: Any) -> tuple[int, Any]:
        body = {"launchParameter": {"jobName": name, "containerSpecGcsPath": "gs://b/t", **more}}
        return self.call("POST", "/flexTemplates:launch", body)

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """All that was sent, up to the end of a job."""
        told = [self.sent.get(timeout=180)]
        while told[-1][0] != "eventarc" or told[-1][1]["data"]["payload"]["currentState"] not in ENDS:
            told.append(self.sent.get(timeout=180))
        return told


@pytest.fixture
def make() -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def build(script: Script = Script(queued=0, pending=0, running=None), **options: Any) -> Caller:  # noqa: B008
        caller = Caller(lambda _: script, **options)
        caller.fake.start()
        callers.append(caller)
        return caller

    yield build
    for caller in callers:
        caller.fake.stop()
        assert caller.fake.misfits == []


def shape(value: Any) -> Any:
    """The keys of a value, without what is in them."""
    return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else type(value)


def test_it_knows_every_regional_method():
    assert {"flexTemplates.launch", "templates.launch", "jobs.get", "jobs.messages.list"} <= {m.name for m in methods()}


def test_recorded_answers_fit_the_discovery_document():
    for name in ("job-done", "job-failed", "launched"):
        assert list(misfits("Job", fixture(f"dataflow/{name}")["body"])) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"jobname": 1}, "Unknown name \"jobname\" at 'launch_parameter': Cannot find field."),
        ({"environment": {"maxWorker": 1}}, "Unknown name \"maxWorker\" at 'launch_parameter.environment': Cannot"),
        ({"environment": {"ipConfiguration": "X"}}, "Invalid value at 'launch_parameter.environment.ip_configuration'"),
        ({"environment": {"maxWorkers": [1]}}, "Invalid value at 'launch_parameter.environment.max_workers' (TYPE_"),
        ({"parameters": {"rows": 3}}, "Invalid value at 'launch_parameter.parameters.rows' (TYPE_STRING), 3"),
        ({"jobName": "Orders"}, "JobName invalid; the name must consist of only the characters [-a-z0-9], starting"),
        ({"containerSpecGcsPath": ""}, "A template is required."),
    ],
)
def test_a_launch_that_is_not_as_the_document_says_is_refused(make: Callable[..., Caller], more: Any, message: str):
    status, answer = make().launch("orders", **more)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in answer["error"]["message"]


def test_a_query_that_the_document_does_not_know_is_refused(make: Callable[..., Caller]):
    caller = make()
    assert caller.call("GET", "/jobs?names=x")[0] == 400
    assert caller.call("GET", "/jobs?filter=SOME")[0] == 400
    assert caller.call("GET", "/jobs?filter=ALL&name=x") == (200, {})
    assert caller.call("GET", "/nothing")[0] == 404


def test_the_answers_are_shaped_as_the_recorded_ones(make: Callable[..., Caller]):
    caller = make()
    _, launched = caller.launch("orders")
    recorded = fixture("dataflow/launched")["body"]
    assert set(recorded) - set(launched["job"]) == {"pipelineDescription"}
    assert set(launched["job"]) <= set(recorded)
    status, conflict = caller.launch("orders")
    real = fixture("dataflow/name-taken")["body"]
    assert (status, shape(conflict)) == (409, shape(real))
    assert conflict["error"]["message"].partition("named")[0] == real["error"]["message"].partition("named")[0]
    missing = fixture("dataflow/unknown-job")["body"]
    assert shape(caller.call("GET", "/jobs/1")[1]) == shape(missing)


def test_a_name_is_taken_in_one_region_while_its_job_is_active(make: Callable[..., Caller]):
    caller = make()
    assert caller.launch("orders")[0] == 200
    assert caller.launch("orders")[0] == 409
    caller.fake.move("orders", "DONE")
    assert caller.launch("orders")[0] == 200
    assert caller.fake.launches == {"orders": 2}
    assert caller.fake.active == ["orders"]


def test_jobs_over_the_quota_and_unknown_templates_are_refused(make: Callable[..., Caller]):
    caller = make(max_jobs=1, templates=["gs://b/t"])
    assert caller.launch("other", containerSpecGcsPath="gs://b/u")[0] == 404
    assert caller.launch("one")[0] == 200
    status, answer = caller.launch("two")
    assert (status, answer["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")


def test_lists_are_filtered_and_paged(make: Callable[..., Caller]):
    caller = make()
    for name in ("a", "b", "c"):
        caller.launch(name)
    caller.fake.move("a", "DONE")

    def names(query: str) -> tuple[list[str], str | None]:
        _, page = caller.call("GET", f"/jobs?{query}")
        return [job["name"] for job in page.get("jobs", [])], page.get("nextPageToken")

    assert names("") == (["c", "b", "a"], None)
    assert names("filter=ACTIVE") == (["c", "b"], None)
    assert names("filter=TERMINATED") == (["a"], None)
    assert names("name=b") == (["b"], None)
    assert names("pageSize=2") == (["c", "b"], "2")
    assert names("pageSize=2&pageToken=2") == (["a"], None)


def test_labels_are_shown_by_the_wider_views_only(make: Callable[..., Caller]):
    caller = make()
    _, launched = caller.launch("orders", environment={"additionalUserLabels": {"a": "b"}})
    number = launched["job"]["id"]
    assert "labels" not in caller.call("GET", f"/jobs/{number}")[1]
    assert caller.call("GET", f"/jobs/{number}?view=JOB_VIEW_ALL")[1]["labels"] == {"a": "b"}


def test_a_success_sends_every_state_and_that_the_workers_stopped(make: Callable[..., Caller]):
    caller = make(Script(queued=0, pending=0, running=0))
    caller.launch("orders")
    told = [body.get("textPayload") or body["data"]["payload"]["currentState"] for _, body in caller.told()]
    states = ["JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"]
    assert told == [*states, "Worker pool stopped.", "JOB_STATE_DONE"]


def test_a_launcher_that_fails_says_so_and_never_that_workers_stopped(make: Callable[..., Caller]):
    caller = make(Script(queued=0, launcher_error=LAUNCHER_ERROR))
    caller.launch("orders")
    told = [body.get("textPayload") or body["data"]["payload"]["currentState"] for _, body in caller.told()]
    assert told == ["JOB_STATE_QUEUED", LAUNCHER_ERROR, "JOB_STATE_FAILED"]


def test_what_it_sends_is_shaped_as_what_was_recorded(make: Callable[..., Caller]):
    caller = make(Script(queued=0, pending=0, running=0))
    caller.launch("orders")
    told = caller.told()
    log = next(body for kind, body in told if kind == "log")
    assert shape(log) == shape(fixture("events/worker-pool-stopped")["entry"])
    event = next(body for _, body in told if body.get("data", {}).get("payload", {}).get("type"))
    recorded = fixture("events/status-changed")["event"]
    recorded_payload = recorded["data"].pop("payload")
    payload = event["data"].pop("payload")
    assert shape(event) == shape(recorded)
    assert set(recorded_payload) - set(payload) == {"clientRequestId", "jobMetadata"}
    assert list(misfits("Job", payload)) == []


PROGRAM = """
import json, os, sys
print("reading", os.environ["DAY"])
json.dump({"rows": 7, "name": "x"}, open(os.environ["ORCHESTRATOR_OUTPUTS"], "w"))
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(("status", "state"), [(0, "JOB_STATE_DONE"), (3, "JOB_STATE_FAILED")])
def test_a_job_may_be_a_real_program(make: Callable[..., Caller], tmp_path: Path, status: int, state: str):
    (tmp_path / "job.py").write_text(PROGRAM)
    command = [sys.executable, "job.py", str(status)]
    caller = make(Script(queued=0, pending=0, command=command, environment={"DAY": "monday"}, folder=str(tmp_path)))
    _, launched = caller.launch("orders")
    assert caller.told()[-1][1]["data"]["payload"]["currentState"] == state
    number = launched["job"]["id"]
    _, metrics = caller.call("GET", f"/jobs/{number}/metrics")
    counted = {metric["name"]["name"]: metric["scalar"] for metric in metrics["metrics"]}
    assert counted == {"ElementCount": 12, "rows": 7}
    _, said = caller.call("GET", f"/jobs/{number}/messages?minimumImportance=JOB_MESSAGE_ERROR")
    texts = [message["messageText"] for message in said.get("jobMessages", [])]
    assert texts == ([] if status == 0 else ["exit status 3: reading monday"])


def test_a_program_that_is_not_there_fails_its_job(make: Callable[..., Caller]):
    caller = make(Script(queued=0, pending=0, command=["no-such-program"]))
    caller.launch("orders")
    assert caller.told()[-1][1]["data"]["payload"]["currentState"] == "JOB_STATE_FAILED"


def test_a_cancelled_program_is_killed(make: Callable[..., Caller], tmp_path: Path):
    command = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    caller = make(Script(queued=0, pending=0, command=command, stopping=0))
    _, launched = caller.launch("orders")
    while caller.sent.get(timeout=180)[1].get("data", {}).get("payload", {}).get("currentState") != "JOB_STATE_RUNNING":
        pass
    number = launched["job"]["id"]
    wish = {"requestedState": "JOB_STATE_CANCELLED"}
    assert caller.call("PUT", f"/jobs/{number}", wish)[0] == 200
    assert caller.told()[-1][1]["data"]["payload"]["currentState"] == "JOB_STATE_CANCELLED"
    assert caller.call("PUT", f"/jobs/{number}", wish)[0] == 400


@pytest.mark.parametrize("wish", ["JOB_STATE_DRAINED", "JOB_STATE_RUNNING"])
def test_what_a_batch_job_cannot_be_asked_for_is_refused(make: Callable[..., Caller], wish: str):
    caller = make()
    _, launched = caller.launch("orders")
    assert caller.call("PUT", f"/jobs/{launched['job']['id']}", {"requestedState": wish})[0] == 400
