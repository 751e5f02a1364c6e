"""``start``: a new run, or the one that was there; and the command line's sentences for whatever cannot be meant."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.functions.cloud import KEY, Cloud, logged

DAILY = """\
name: daily
params: {date: today, at: now}
steps: {a: {wait: 1s}}
"""
BERLIN = 'schedule: {cron: "0 1 * * *", time_zone: Europe/Berlin}\n'

JANUARY = {"graph": "sales", "run_id": "r1", "params": {"date": "2026-01-31"}}


def test_a_run_is_started_once_and_told_again(cloud: Cloud):
    with logged() as lines:
        first, again = cloud.post("start", JANUARY), cloud.post("start", JANUARY)
    said = {"run": "r1", "graph": "sales", "status": "running"}
    assert (first.status_code, first.get_json()) == (201, {**said, "created": True})
    assert (again.status_code, again.get_json()) == (200, {**said, "created": False})
    assert len(cloud.queued("launches")) == 1
    assert [(line["severity"], line["run"], line["key"]) for line in lines] == [("INFO", "r1", KEY)] * 2


def test_a_run_with_other_params_does_not_take_the_same_id_and_nobody_is_told_their_values(cloud: Cloud):
    cloud.post("start", {**JANUARY, "params": {"date": "2026-01-31", "rows": 4711}})
    with logged() as lines:
        answer = cloud.post("start", {**JANUARY, "params": {"date": "2026-02-28"}})
    said = "run 'r1' was started with other params (date, rows): choose another run id"
    assert (answer.status_code, answer.get_json()) == (400, {"errors": [said]})
    assert [line["message"] for line in lines] == [f"not started: {said}"]


def test_of_those_who_ask_for_one_id_at_once_one_starts_it_and_the_others_are_told_that_it_is_anothers(cloud: Cloud):
    """And never the answer of a run that is not theirs."""
    cloud.app("start")

    def ask(rows: int) -> tuple[int, dict[str, Any]]:
        answer = cloud.post("start", {**JANUARY, "params": {"date": "2026-01-31", "rows": rows % 4}})
        return answer.status_code, answer.get_json()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16)))
    run = cloud.world("start").engine.ledger.store.find_run("r1")
    said = {"errors": ["run 'r1' was started with other params (rows): choose another run id"]}
    mine = {number for number in range(16) if number % 4 == run.params["rows"]}
    assert [answers[number] for number in range(16) if number not in mine] == [(400, said)] * 12
    assert sorted(answers[number][0] for number in mine) == [200, 200, 200, 201]
    assert {answers[number][1]["run"] for number in mine} == {"r1"}
    assert len(cloud.queued("launches")) == 1


def test_a_graph_of_one_machine_is_not_started(cloud: Cloud, tmp_path: Path):
    """What its starter may choose is not bounded: it was checked as one that its starter runs as themselves."""
    text = "name: here\nparams: {t: string}\ndeploy: false\nsteps: {a: {dataflow: {template: '{{ params.t }}'}}}\n"
    (tmp_path / "graphs" / "here.yaml").write_text(text)
    world = cloud.world("start")
    world.settings = replace(world.settings, dataflow_endpoint=None)  # a fake is there in rehearsals alone
    answer = cloud.post("start", {"graph": "here", "params": {"t": "gs://x/t"}})
    said = "the graph 'here' says deploy: false, so it runs on one machine only"
    assert (answer.status_code, answer.get_json()) == (404, {"errors": [said]})
    assert not cloud.queued("launches")


def test_a_graph_that_changed_since_has_another_run(cloud: Cloud, tmp_path: Path):
    cloud.post("start", JANUARY)
    path = tmp_path / "graphs" / "sales.yaml"
    path.write_text(path.read_text().replace("orders.json", "others.json"))
    answer = cloud.post("start", JANUARY)
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0].endswith(": choose another run id")
    assert "resume" not in answer.text


@pytest.mark.parametrize("due", ["2026-01-31T060000Z", "2026-01-31T060000.123Z", "2026-01-31T0600000100"])
def test_nobody_takes_the_id_of_a_run_that_a_schedule_will_start(cloud: Cloud, due: str):
    """Whoever did would keep that run from starting. Not even for a graph that has no schedule: it may get one."""
    answers = [
        cloud.post("start", {**JANUARY, "run_id": f"{graph}-{due}"}, headers)
        for graph in ("sales", "another")
        for headers in ({}, {"X-CloudScheduler-ScheduleTime": "2026-01-31T06:00:00Z"})
    ]
    assert {answer.status_code for answer in answers} == {400}
    said = f"run id: 'sales-{due}' has the form of the ids that schedules give to their runs: choose another"
    assert answers[0].get_json() == {"errors": [said]}
    assert cloud.post("start", {**JANUARY, "run_id": "sales-2026-01-31"}).status_code == 201


DEEP = json.loads("[" * 101 + "]" * 101)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**JANUARY, "run_id": ""}, "run id: expected a letter or digit"),
        ({**JANUARY, "run_id": None}, "run_id: expected text, got null"),
        (b'{"graph": "lists", "params": {"l": ["\\ud800"]}}', "half of a character"),
        (b'{"graph": "lists", "params": {"\\udfff": 1}}', "half of a character"),
        (b'{"graph": "lists\\ud800"}', "half of a character"),
        (b'{"graph": "lists", "params": {"l": "[\\"\\\\ud800\\"]"}}', "param 'l': expected a list"),
        ({"graph": "lists", "params": {"l": DEEP}}, "nested at most"),
        ({"graph": "lists", "params": {"l": json.dumps(DEEP)}}, "param 'l': expected a list"),
        ({"graph": "lists", "params": {"l": "[" * 20_000}}, "param 'l': expected a list"),
        (b'{"graph": "lists", "params": {"l": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}", "nested at most"),
        (b'{"graph": "lists", "params": {"l": [NaN]}}', "expected a number that JSON can hold"),
        (b'{"graph": "lists", "params": {"l": [1e999]}}', "expected a number that JSON can hold"),
        ({"graph": "lists", "params": {"l": "[NaN]"}}, "param 'l': expected a list"),
        ({"graph": "lists", "params": {"l": "[1e999]"}}, "param 'l': expected a list"),
    ],
)
def test_what_no_run_could_keep_is_refused_in_words(cloud: Cloud, tmp_path: Path, body: Any, said: str):
    (tmp_path / "graphs" / "lists.yaml").write_text("name: lists\nparams: {l: {type: list}}\nsteps: {a: {wait: 1s}}\n")
    answer = cloud.post("start", body)
    assert (answer.status_code, len(answer.get_json()["errors"])) == (400, 1)
    assert said in answer.get_json()["errors"][0]


@pytest.mark.parametrize(
    ("body", "status", "beginning"),
    [
        (b"", 400, "expected a JSON object such as"),
        (b"{", 400, "expected a JSON object such as"),
        ([], 400, "expected a JSON object such as"),
        ({}, 400, "graph: expected the name of a deployed graph, got nothing"),
        ({**JANUARY, "module": "os"}, 400, "module: unknown key"),
        ({**JANUARY, "url": "http://x"}, 400, "url: unknown key"),
        ({**JANUARY, "graph": 7}, 400, "graph: expected text, got 7"),
        ({**JANUARY, "params": []}, 400, "params: expected a mapping, got []"),
        ({**JANUARY, "run_id": "../x"}, 400, "run id: expected a letter or digit"),
        ({**JANUARY, "graph": "nope"}, 404, "no deployed graph is called 'nope': there are sales"),
        ({**JANUARY, "graph": "../x"}, 404, "no deployed graph is called '../x': there are sales"),
        ({**JANUARY, "graph": "graphs/sales.yaml"}, 404, "no deployed graph is called 'graphs/sales.yaml'"),
        ({**JANUARY, "graph": "/etc/passwd"}, 404, "no deployed graph is called '/etc/passwd'"),
        ({**JANUARY, "graph": "sales.yaml"}, 404, "no deployed graph is called 'sales.yaml'"),
        ({**JANUARY, "graph": "os:system"}, 404, "no deployed graph is called 'os:system'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(cloud: Cloud, body: Any, status: int, beginning: str):
    with logged() as lines:
        answer = cloud.post("start", body)
    assert answer.status_code == status
    assert answer.get_json()["errors"][0].startswith(beginning), answer.get_json()
    assert [line["severity"] for line in lines] == ["WARNING"]


def test_wrong_params_are_all_named_at_once(cloud: Cloud):
    answer = cloud.post("start", {"graph": "sales", "params": {"rows": "many", "dates": 1}})
    assert answer.status_code == 400
    assert {word for word in ("date", "rows", "dates") if word in answer.text} == {"date", "rows", "dates"}


def test_a_schedule_that_tries_again_starts_one_run(cloud: Cloud):
    body = b'{"graph": "sales", "params": {"date": "2026-01-31"}}'
    headers = {"X-CloudScheduler-ScheduleTime": "2026-01-31T06:00:00Z", "Content-Type": "application/octet-stream"}
    answers = [cloud.post("start", body, headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert {answer.get_json()["run"] for answer in answers} == {"sales-2026-01-31T060000Z"}


@pytest.mark.parametrize(
    ("schedule", "due", "params"),
    [
        (BERLIN, "2026-01-31T00:00:00Z", {"date": "2026-01-31", "at": "2026-01-31T01:00:00+01:00"}),
        (BERLIN, "2026-07-30T23:00:00.123456789Z", {"date": "2026-07-31", "at": "2026-07-31T01:00:00.123456+02:00"}),
        ("", "2026-01-30T23:59:59Z", {"date": "2026-01-30", "at": "2026-01-30T23:59:59+00:00"}),
    ],
)
def test_a_scheduled_run_means_the_moment_it_was_due(
    cloud: Cloud, tmp_path: Path, schedule: str, due: str, params: dict[str, str]
):
    (tmp_path / "graphs" / "daily.yaml").write_text(DAILY + schedule)
    headers = {"X-CloudScheduler-ScheduleTime": due}
    answers = [cloud.post("start", {"graph": "daily", "params": {}}, headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert {answer.get_json()["run"] for answer in answers} == {f"daily-{due.replace(':', '')}"}
    run = cloud.world("start").engine.ledger.store.find_run(answers[0].get_json()["run"])
    assert run.params == params


@pytest.mark.parametrize(
    "due", ["", "soon", "2026-01-31", "2026-01-31T06:00:00", "2026-02-30T06:00:00Z", "20260131T06Z"]
)
def test_a_time_that_is_none_is_refused_in_one_sentence(cloud: Cloud, due: str):
    answer = cloud.post("start", JANUARY, {"X-CloudScheduler-ScheduleTime": due})
    expected = f"X-CloudScheduler-ScheduleTime: expected a time such as 2026-01-31T06:00:00Z, got '{due}'"
    assert (answer.status_code, answer.get_json()) == (400, {"errors": [expected]})


def test_a_zone_that_the_machine_does_not_know_asks_to_come_again(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "graphs" / "daily.yaml").write_text(DAILY + BERLIN)
    monkeypatch.setattr("orchestrator.expressions.zones.known", frozenset)
    monkeypatch.setattr("orchestrator.expressions.zones.ZoneInfo", {}.__getitem__)
    answer = cloud.post("start", {"graph": "daily"}, {"X-CloudScheduler-ScheduleTime": "2026-01-31T00:00:00Z"})
    assert answer.status_code == 503
    assert answer.text == "this machine does not know the time zone 'Europe/Berlin': install the package tzdata\n"
