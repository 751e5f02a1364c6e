"""The functions ``console`` and ``console_view``: what they show, and what they do to runs for whom."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from orchestrator.cloud.settings import SettingsError
from orchestrator.core.joins import arrival
from orchestrator.core.model import RunStatus, Status, StepState, Transition
from orchestrator.core.names import JobRef, job_name
from orchestrator.core.task_codec import decode
from orchestrator.fakes.dataflow.script import LaunchCall
from tests.functions.cloud import Cloud, logged
from tests.functions.test_starters import ANN, bearer

NIGHTLY = """\
name: nightly
defaults: {on_failure: hold}
params: {date: {type: date}}
steps:
  extract: {dataflow: {template: gs://b/extract.json, region: europe-west4}}
  load: {after: extract, dataflow: {template: gs://b/load.json, region: europe-west4}}
  report: {after: load}
  tidy: {after: report, teardown: true}
"""
DONE = StepState(
    Status.SUCCEEDED, 1, job_name="j-1", job="europe-west4/2026-01-31_01", claimed_at=1.0, started_at=2.0, ended_at=3.0
)
BAD = StepState(
    Status.NEEDS_ATTENTION,
    1,
    job_name="j-2",
    job="europe-west4/2026-01-31_02",
    claimed_at=1.0,
    started_at=2.0,
    ended_at=3.0,
    error="boom",
    cause="job",
)
BAD_END = replace(BAD, status=Status.FAILED)
DAY = "2026-01-31"


@pytest.fixture
def nightly(cloud: Cloud, tmp_path: Path) -> Cloud:
    """A deployment with a run, ``n1``, of which the first step has succeeded and the second needs attention."""
    (tmp_path / "graphs" / "nightly.yaml").write_text(NIGHTLY)
    assert cloud.post("start", {"graph": "nightly", "run_id": "n1", "params": {"date": DAY}}).status_code == 201
    put(cloud, 0, DONE)
    put(cloud, 1, BAD)
    return cloud


def put(cloud: Cloud, node: int, state: StepState) -> None:
    store = store_of(cloud)
    joins = ((), arrival(state)) if state.status.final else ()
    store.transact(store.find_run("n1").key, node, lambda _: Transition(state, *joins))


def store_of(cloud: Cloud) -> Any:
    return cloud.world("start").engine.ledger.store


def state(cloud: Cloud, node: int) -> StepState:
    store = store_of(cloud)
    found: StepState = store.load_all(store.find_run("n1").key).state(node)
    return found


def get(cloud: Cloud, path: str, target: str = "console_view", **query: object) -> TestResponse:
    answer: TestResponse = cloud.app(target).test_client().get(path, query_string=query or None, headers=bearer())
    return answer


def post(cloud: Cloud, path: str, body: object, who: str | None = ANN, target: str = "console") -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(bearer(who) if who else {})}
    answer: TestResponse = cloud.app(target).test_client().post(path, data=data, headers=headers)
    return answer


def launches(cloud: Cloud) -> list[tuple[int, int]]:
    effects = [decode(held.http_request.body) for held in cloud.queued("launches")]
    return sorted((effect.node, effect.attempt) for effect in effects)


def test_a_run_is_shown_with_its_steps_and_tokens(nightly: Cloud):
    for target in ("console", "console_view"):
        answer = get(nightly, "/runs/n1", target)
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        assert (told["run"], told["graph"], told["status"], told["params"]) == (
            "n1",
            "nightly",
            "running",
            {"date": DAY},
        )
        assert {name: step["status"] for name, step in told["steps"].items()} == {
            "extract": "succeeded",
            "load": "needs_attention",
            "report": "pending",
            "tidy": "pending",
        }
        assert len({told["token"], *(step["token"] for step in told["steps"].values())}) == 5
        assert "seal" not in answer.text


def test_a_step_is_explained_and_says_where_its_log_is(nightly: Cloud):
    told = get(nightly, "/runs/n1/steps/load").get_json()
    assert told["explained"][0] == "needs attention: it failed: boom"
    assert told["log"] == {
        "job": "2026-01-31_02",
        "region": "europe-west4",
        "url": "https://console.cloud.google.com/dataflow/jobs/europe-west4/2026-01-31_02"
        f"?project={quote(nightly.project, safe='')}",
    }
    assert get(nightly, "/runs/n1/steps/report").get_json()["log"] is None


def test_runs_are_listed_by_pages_graph_status_and_start(nightly: Cloud):
    for number in range(5):
        nightly.post("start", {"graph": "sales", "run_id": f"s{number}", "params": {"date": DAY}})
    store_of(nightly).end_run(store_of(nightly).find_run("s3").key, RunStatus.FAILED, 9.0, {"orders": "job"})
    seen, page = [], {}
    for _ in range(3):
        told = get(nightly, "/runs", limit=2, **page).get_json()
        seen += [run["run"] for run in told["runs"]]
        page = {"page": told["next"]}
    assert (seen, told["next"]) == (["s4", "s3", "s2", "s1", "s0", "n1"], None)
    assert [run["run"] for run in get(nightly, "/runs", graph="nightly").get_json()["runs"]] == ["n1"]
    failed = get(nightly, "/runs", status="failed").get_json()["runs"]
    assert [(run["run"], run["failed"]) for run in failed] == [("s3", {"orders": "job"})]
    both = get(nightly, "/runs?status=failed&status=running&graph=sales&limit=2").get_json()["runs"]
    assert [run["run"] for run in both] == ["s4", "s3"]
    assert get(nightly, "/runs", since="2999-01-01T00:00:00Z").get_json()["runs"] == []


def test_what_people_do_is_done_and_recorded_with_who_and_why(nightly: Cloud):
    before = launches(nightly)
    with logged() as lines:
        held = post(nightly, "/runs/n1/hold", {"steps": ["report"], "why": "late input"})
    assert (held.status_code, held.get_json()["changed"]) == (200, True)
    assert held.get_json()["said"][0].startswith("run n1: report held by ann@example.com at ")
    assert [(line["severity"], line["message"]) for line in lines] == [
        ("INFO", f"hold by {ANN}: {held.get_json()['said'][0]}")
    ]
    tried = post(nightly, "/runs/n1/steps/load/retry", {"why": "fixed", "attempt": 1})
    assert tried.get_json() == {"run": "n1", "said": ["run n1: load is retried: attempt 2"], "changed": True}
    assert [launch for launch in launches(nightly) if launch not in before] == [(1, 2)]
    again = post(nightly, "/runs/n1/steps/load/retry", {"why": "fixed", "attempt": 1})
    assert again.get_json() == {
        "run": "n1",
        "said": ["run n1: load was already retried after attempt 1"],
        "changed": False,
    }
    released = post(nightly, "/runs/n1/release", {})
    assert released.get_json()["said"] == ["run n1: report released"]
    marked = {"status": "succeeded", "why": "by hand", "outputs": {"rows": 42}}
    for changed in (True, False):
        answer = post(nightly, "/runs/n1/steps/report/mark", marked)
        assert (answer.status_code, answer.get_json()["changed"]) == (200, changed), answer.text
    stopped = post(nightly, "/runs/n1/cancel", {"why": "enough"}).get_json()
    assert stopped["changed"], stopped
    assert store_of(nightly).find_run("n1").stop.by == ANN
    story = get(nightly, "/runs/n1/story").get_json()["story"]
    assert [(one["step"], one["what"], one["by"], one["why"]) for one in story if one["by"]] == [
        ("report", "held", ANN, "late input"),
        ("load", "retried", ANN, "fixed"),
        ("report", "released", ANN, None),
        ("report", "marked succeeded", ANN, "by hand"),
        (None, "cancelled", ANN, "enough"),
    ]


def test_runs_and_reruns_are_started_once(nightly: Cloud):
    asked = {"graph": "sales", "run_id": "s1", "params": {"date": DAY}}
    with logged() as lines:
        first, again = post(nightly, "/runs", asked), post(nightly, "/runs", asked)
    said = {"run": "s1", "graph": "sales", "status": "running"}
    assert (first.status_code, first.get_json()) == (201, {**said, "created": True})
    assert (again.status_code, again.get_json()) == (200, {**said, "created": False})
    assert [line["message"] for line in lines] == [f"start by {ANN}: run s1"] * 2
    early = post(nightly, "/runs/n1/rerun", {})
    assert (early.status_code, "run 'n1' has not ended" in early.text) == (409, True), early.text
    store = store_of(nightly)
    run = store.find_run("s1")
    for node, failed in ((0, BAD_END), (1, StepState(Status.UPSTREAM_FAILED, ended_at=4.0, cause="trigger"))):
        store.transact(run.key, node, lambda _, failed=failed: Transition(failed, (), arrival(failed)))
    store.end_run(run.key, RunStatus.FAILED, 5.0, {"orders": "job"})
    plan = post(nightly, "/runs/s1/rerun/plan", {"from": ["report"], "params": {"date": "2026-02-01"}})
    assert plan.status_code == 200, plan.text
    assert plan.get_json()["plan"]["run"] == "s1.2"
    assert store_of(nightly).find_run("s1.2") is None
    made = post(
        nightly, "/runs/s1/rerun", {"token": post(nightly, "/runs/s1/rerun/plan", {}).get_json()["plan"]["token"]}
    )
    assert (made.status_code, made.get_json()["run"]) == (201, "s1.2")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/runs", {}, 400, "graph: expected a value, got none"),
        ("/runs", {"graph": "nope"}, 404, "no deployed graph is called 'nope': there are nightly, sales"),
        ("/runs", {"graph": "sales", "params": {"rows": "many"}}, 409, "param 'rows': expected"),
        ("/runs", {"graph": "sales", "run_id": "../x"}, 400, "run_id: expected the id of a run"),
        ("/runs", {"graph": "sales", "run_id": "sales-2026-01-31T060000Z"}, 409, "choose another"),
        ("/runs/n2/rerun", {}, 404, "no run has the id 'n2'"),
        ("/runs/n1/rerun", {"form": ["a"]}, 400, "form: unknown key"),
        ("/runs/n1/rerun", {"from_": ["a"]}, 400, "from_: unknown key"),
        ("/runs/n1/rerun", {"from": "a"}, 400, "from: expected a list, got text"),
    ],
)
def test_wrong_starts_are_told(nightly: Cloud, path: str, body: object, status: int, said: str):
    answer = post(nightly, path, body)
    assert (answer.status_code, said in answer.get_json()["errors"][0]) == (status, True), answer.text
    assert post(nightly, path, body, target="console_view").status_code in (404, 405)


def test_a_token_of_what_was_seen_refuses_when_it_has_changed(nightly: Cloud):
    seen = get(nightly, "/runs/n1").get_json()
    step = seen["steps"]["load"]["token"]
    first = post(nightly, "/runs/n1/hold", {"steps": ["report"], "why": "a", "if_match": seen["token"]})
    assert first.status_code == 200
    late = post(nightly, "/runs/n1/hold", {"steps": ["load"], "why": "b", "if_match": seen["token"]})
    assert (late.status_code, late.get_json()["errors"]) == (
        409,
        ["step 'load' of run 'n1' has changed since its token was read: read it again"],
    )
    assert state(nightly, 1) == BAD
    assert post(nightly, "/runs/n1/steps/load/retry", {"if_match": step}).status_code == 200
    assert post(nightly, "/runs/n1/steps/load/retry", {"if_match": step}).status_code == 409
    whole = post(nightly, "/runs/n1/cancel", {"if_match": seen["token"]})
    assert (whole.status_code, store_of(nightly).find_run("n1").stop) == (409, None)


def test_what_comes_too_late_is_told_in_the_words_of_the_command_line(nightly: Cloud):
    late = post(nightly, "/runs/n1/hold", {"steps": ["extract", "report"], "why": "x"})
    assert late.status_code == 409
    assert late.get_json()["errors"] == ["run n1: extract cannot be held: it has ended (succeeded)"]
    assert late.get_json()["said"][0].startswith("run n1: report held by")
    assert post(nightly, "/runs/n1/steps/report/retry", {}).get_json()["errors"] == [
        "run n1: report does not need attention: it is pending"
    ]
    assert post(nightly, "/runs/n1/steps/load/mark", {"status": "failed", "why": "no"}).status_code == 200
    store_of(nightly).end_run(store_of(nightly).find_run("n1").key, RunStatus.FAILED, 9.0, {})
    over = post(nightly, "/runs/n1/hold", {"why": "x"})
    assert (over.status_code, over.get_json()["errors"]) == (
        409,
        ["run 'n1' has ended (failed): there is nothing left to hold"],
    )
    nothing = post(nightly, "/runs/n1/cancel", {})
    assert (nothing.status_code, nothing.get_json()["changed"]) == (200, False)


def test_console_view_does_nothing_and_does_not_say_that_it_could(nightly: Cloud):
    for path in ("/runs/n1/hold", "/runs/n1/cancel", "/runs/n1/steps/load/mark"):
        answer = post(nightly, path, {"why": "x"}, target="console_view")
        assert (answer.status_code, list(answer.get_json())) == (404, ["errors"]), path
    shown = get(nightly, "/openapi.json").get_json()["paths"]
    assert {method for path in shown.values() for method in path} == {"get"}
    assert "/runs/{run}/hold" in get(nightly, "/openapi.json", "console").get_json()["paths"]


def test_without_an_address_nothing_is_done_or_shown(nightly: Cloud):
    client = nightly.app("console_view").test_client()
    for answer in (post(nightly, "/runs/n1/cancel", {}, who=None), client.get("/runs"), client.get("/openapi.json")):
        assert answer.status_code == 401
        said = "expected a token with a verified e-mail address, which says who asks"
        assert answer.get_json() == {"errors": [said]}
    assert store_of(nightly).find_run("n1").stop is None


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/runs/n1/hold", {}, 400, ["why: expected a value, got none"]),
        ("/runs/n1/hold", {"why": 5}, 400, ["why: expected text, got 5"]),
        ("/runs/n1/hold", {"why": "x", "step": "a"}, 400, ["step: unknown key"]),
        ("/runs/n1/hold", {"why": "x", "steps": "load"}, 400, ["steps: expected a list, got text"]),
        ("/runs/n1/hold", {"why": "x", "steps": [1]}, 400, ["steps[0]: expected text, got 1"]),
        (
            "/runs/n1/hold",
            {"why": "x", "steps": ["lod"]},
            404,
            ["graph 'nightly' has no step 'lod' (did you mean 'load'?)"],
        ),
        (
            "/runs/n1/hold",
            {"why": "x", "until": "tomorrow"},
            400,
            ["until: expected a time such as 2026-01-31T18:00:00Z"],
        ),
        (
            "/runs/n1/hold",
            {"why": "x", "until": "2020-01-01T00:00:00Z"},
            409,
            ["until: expected a time in the future, at most 3650 days from now, got 2020-01-01T00:00:00Z"],
        ),
        *(
            (
                "/runs/n1/hold",
                {"why": "x", "until": far},
                409,
                [f"until: expected a time in the future, at most 3650 days from now, got {far}"],
            )
            for far in ("9999-12-31T00:00:00Z", "9998-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
        ),
        ("/runs/n1/cancel", [], 400, ["expected a JSON object, got []"]),
        ("/runs/n1/cancel", b"", 400, ["expected a JSON object, got nothing"]),
        ("/runs/n1/cancel", b'{"why": "a", "why": "b"}', 400, None),
        ("/runs/n1/cancel", b'{"why": "\\ud800"}', 400, None),
        ("/runs/n1/cancel", b"[" * 100_000, 400, None),
        ("/runs/n1/cancel", b'{"why": "' + b"x" * 5_000_000 + b'"}', 400, None),
        ("/runs/n1/steps/load/mark", {"why": "x"}, 400, ["status: expected a value, got none"]),
        (
            "/runs/n1/steps/load/mark",
            {"why": "x", "status": "cancelled"},
            400,
            ["status: expected succeeded, failed, skipped"],
        ),
        ("/runs/n1/steps/load/mark", {"why": "x", "status": "failed", "outputs": {}}, 400, ["outputs: unknown key"]),
        (
            "/runs/n1/steps/load/mark",
            {"why": "x", "status": "succeeded", "outputs": {"a": [{"b": -1e300}]}},
            400,
            ["outputs: a number has more than 64 bits: give it as text"],
        ),
        (
            "/runs/n1/steps/load/mark",
            {"why": "x", "status": "succeeded", "outputs": {"a": "x" * 300_000}},
            400,
            ["outputs: expected at most 262,144 bytes, got 300,009"],
        ),
        ("/runs/n2/cancel", {}, 404, ["no run has the id 'n2'"]),
        ("/runs/..%2Fplans/cancel", {}, 404, None),
        ("/runs/%00/cancel", {}, 404, ["no run is called '\\x00'"]),
        ("/runs/" + "x" * 5000 + "/cancel", {}, 404, None),
        ("/runs/%0A/cancel", {}, 404, ["there is nothing under this path: GET /openapi.json says what there is"]),
        ("/robots.txt", {}, 404, ["there is nothing under this path: GET /openapi.json says what there is"]),
        ("/runs/n1/explode", {}, 404, ["there is no '/runs/n1/explode' here: GET /openapi.json says what there is"]),
        ("/", {}, 404, ["there is no '/' here: GET /openapi.json says what there is"]),
    ],
)
def test_wrong_requests_are_told(nightly: Cloud, path: str, body: object, status: int, said: list[str] | None):
    answer = post(nightly, path, body)
    assert answer.status_code == status, answer.text
    assert all(0 < len(one) < 400 for one in answer.get_json()["errors"])
    assert said is None or answer.get_json()["errors"] == said
    assert (state(nightly, 1), store_of(nightly).find_run("n1").stop) == (BAD, None)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", ["limit: expected at least 1"]),
        ("limit=201", ["limit: expected at most 200"]),
        ("limit=many", ["limit: expected a whole number, got text"]),
        ("limit=1&limit=2", ["limit: expected one value, got 2"]),
        ("status=late", ["status[0]: expected running, succeeded, failed or cancelled"]),
        ("since=yesterday", ["since: expected a time such as 2026-01-31T18:00:00Z"]),
        ("page=2", None),
        ("page=x", ["page: expected what an answer said"]),
        ("grph=sales", ["grph: unknown key"]),
    ],
)
def test_wrong_queries_are_told(nightly: Cloud, query: str, said: list[str] | None):
    answer = get(nightly, f"/runs?{query}")
    assert (answer.status_code, answer.get_json().get("errors")) == (200 if said is None else 400, said)


def test_another_method_is_told_which_one_to_use(nightly: Cloud):
    client = nightly.app("console").test_client()
    for method, path, allowed in (
        ("PUT", "/runs", "GET, POST"),
        ("GET", "/runs/n1/hold", "POST"),
        ("PUT", "/runs/n1", "GET"),
    ):
        answer = client.open(path, method=method, headers=bearer())
        assert (answer.status_code, answer.headers.get("Allow")) == (405, allowed), (path, answer.text)
    assert client.options("/openapi.json", headers=bearer()).status_code == 405


def test_what_the_framework_answers_is_json_too(nightly: Cloud, monkeypatch: pytest.MonkeyPatch):
    nothing = ["there is nothing under this path: GET /openapi.json says what there is"]
    for target in ("console", "console_view"):
        client = nightly.app(target).test_client()
        for path in ("//runs", "/runs//n1", "//", "/runs%0an1", "/robots.txt"):
            answer = client.get(path, headers=bearer())
            assert (answer.status_code, answer.is_json) == (404, True), path
            assert list(answer.get_json()) == ["errors"], path
        assert client.get("//runs", headers=bearer()).get_json()["errors"] == nothing
        for method in ("TRACE", "BREW", "HEAD", "OPTIONS"):
            answer = client.open("/runs", method=method, headers=bearer())
            assert (answer.status_code, answer.mimetype) == (405, "application/json"), method
        with monkeypatch.context() as patched:
            patched.setattr(nightly.modules[target], "world", broken)
            answer = client.get("/runs", headers=bearer())
        assert (answer.status_code, answer.get_json()) == (503, {"errors": ["a variable is missing"]})


def broken() -> None:
    raise SettingsError("a variable is missing")


LOST = job_name("load", JobRef("unknownkey", 0, 1))


@pytest.fixture
def running(nightly: Cloud) -> dict[str, str]:
    """Dataflow jobs: one of no run, one that a run waits for, and one that is none of ours. By name, where they are."""
    store = store_of(nightly)
    waited = job_name("report", JobRef(store.find_run("n1").key, 2, 1))
    where = {}
    for name in (LOST, waited, "orders"):
        made = nightly.dataflow.service.launch(LaunchCall(name, "europe-west4", "gs://b/t", False, {}, {}))
        where[name] = f"europe-west4/{made['job']['id']}"
    put(nightly, 2, StepState(Status.RUNNING, 1, job_name=waited, job=where[waited], claimed_at=1.0, started_at=2.0))
    return {"lost": where[LOST], "waited": where[waited], "foreign": where["orders"]}


def test_jobs_that_no_run_waits_for_are_shown_to_viewers_and_stopped_by_operators(
    nightly: Cloud, running: dict[str, str]
):
    for target in ("console", "console_view"):
        shown = get(nightly, "/audit", target).get_json()
        assert [(one["name"], one["where"], one["why"]) for one in shown["left"]] == [
            (LOST, running["lost"], "there is no run with its key, unknownkey")
        ]
        assert (shown["unclear"], shown["running"]) == ([], 2)
    asked = {"job": running["lost"]}
    assert post(nightly, "/audit/stop", asked, target="console_view").status_code == 404
    with logged() as lines:
        stopped = post(nightly, "/audit/stop", asked)
    assert (stopped.status_code, stopped.get_json()["job"]) == (200, running["lost"])
    said = stopped.get_json()["said"]
    assert said[0].startswith(f"{LOST}: asked to stop, and is cancel")
    assert lines[-1]["message"] == f"stop_left by {ANN}: {said[0]}"
    nightly.dataflow.move(LOST, "CANCELLED")
    assert get(nightly, "/audit").get_json()["left"] == []


@pytest.mark.parametrize(
    ("job", "status", "said"),
    [
        ("lost", 409, "{where} is no leftover: a run waits for its end, or it has ended"),
        ("waited", 409, "{where} is no leftover: a run waits for its end, or it has ended"),
        ("foreign", 404, "this deployment has no job {where}"),
        ("europe-west4/2026-none", 404, "this deployment has no job {where}"),
        ("europe-west4", 400, "job: expected a job such as europe-west4/2026-01-30_20_00_08-8562643317148312878"),
    ],
)
def test_no_other_job_is_stopped(nightly: Cloud, running: dict[str, str], job: str, status: int, said: str):
    where = running.get(job, job)
    if job == "lost":
        assert post(nightly, "/audit/stop", {"job": where}).status_code == 200
        nightly.dataflow.move(LOST, "CANCELLED")
    answer = post(nightly, "/audit/stop", {"job": where})
    assert (answer.status_code, answer.get_json()["errors"]) == (status, [said.format(where=where)])
    assert "orders" in nightly.dataflow.active
