"""Whatever a body is made of, each door gives the right answer at once: no traceback, no 503 that lasts for ever."""

import json
from typing import Any

import pytest

from orchestrator.cloud.signals import STATUS_CHANGED
from orchestrator.core.messages import Check, Launch
from orchestrator.core.names import JobRef, job_name
from orchestrator.core.task_codec import encode
from tests.functions.cloud import KEY, Cloud, event, logged, pushed

JANUARY = {"graph": "sales", "run_id": "r1", "params": {"date": "2026-01-31"}}
HALF = "\ud800"

#: No JSON object at all, or one that means nothing to any door; the last three are nested very deep.
NOTHING = (
    b"",
    b" ",
    b"{",
    b"null",
    b"7",
    b"[]",
    b'"text"',
    b"not JSON",
    b"\xff\xfe\x00",
    b"\x1f\x8b\x08\x00",
    b"graph=sales&run_id=r1",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    b'{"a": 1, "a": 2}',
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": "\\ud800"}',
    b'{"\\ud800": 1}',
    b"[" * 2_000 + b"]" * 2_000,
    b'{"graph":' * 2_000 + b"1" + b"}" * 2_000,
    b"[" * 100_000,
)

TYPES = ("application/json", "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")


@pytest.mark.parametrize("kind", TYPES)
def test_start_refuses_what_is_no_request_with_a_short_sentence(cloud: Cloud, kind: str):
    for body in NOTHING:
        with logged() as lines:
            answer = cloud.post("start", body, {"Content-Type": kind})
        assert answer.status_code == 400, (body[:20], answer.text)
        assert all(0 < len(said) < 300 for said in answer.get_json()["errors"]), body[:20]
        assert [line["severity"] for line in lines] == ["WARNING"], body[:20]


@pytest.mark.parametrize("kind", TYPES)
def test_on_task_drops_what_is_no_task(cloud: Cloud, kind: str):
    for body in NOTHING:
        with logged() as lines:
            answer = cloud.post("on_task", body, {"Content-Type": kind})
        assert answer.status_code == 200, body[:20]
        assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "malformed")], body[:20]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("headers", [{}, event(), event(STATUS_CHANGED)], ids=["raw", "pubsub", "eventarc"])
def test_on_signal_acknowledges_what_is_no_event_with_a_warning(
    signals_only: Cloud, headers: dict[str, str], kind: str
):
    for body in NOTHING:
        with logged() as lines:
            answer = signals_only.post("on_signal", body, {"Content-Type": kind, **headers})
        assert answer.status_code == 200, (body[:20], answer.text)
        assert [(line["severity"], line["counted"]) for line in lines] == [("WARNING", "malformed")], body[:20]


def test_a_sweep_does_not_look_at_its_body(cloud: Cloud):
    for body in NOTHING:
        answer = cloud.post("sweep", body)
        assert (answer.status_code, answer.get_json()) == (200, {"runs": 0, "tasks": 0}), body[:20]


OURS = job_name("orders", JobRef(KEY, 31, 2))
CHANGED = {"payload": {"name": OURS, "id": "1", "location": "r", "currentState": "JOB_STATE_DONE"}}
ENTRY = {
    "textPayload": "Worker pool stopped.",
    "resource": {"type": "dataflow_step", "labels": {"job_name": OURS, "job_id": "1"}},
}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (pushed(ENTRY), {"Content-Type": ""}),
        (pushed(ENTRY), {"Content-Type": "text/plain"}),
        (pushed(CHANGED), {}),
        (pushed(CHANGED), event()),
        (CHANGED, {}),
        (pushed(b"[" * 100_000), event()),
        (pushed(b"[" * 100_000), {}),
        ({"message": {"data": HALF, "messageId": "1"}, "subscription": "s"}, {}),
        ({"message": {"data": ["e30="], "messageId": "1"}, "subscription": "s"}, {}),
        (ENTRY, event()),
        ({"payload": {**CHANGED["payload"], "name": [OURS]}}, event(STATUS_CHANGED)),
    ],
)
def test_an_event_in_a_form_that_nobody_sends_is_acknowledged_with_a_warning(
    signals_only: Cloud, body: Any, headers: dict[str, str]
):
    with logged() as lines:
        answer = signals_only.post("on_signal", body, headers)
    assert answer.status_code == 200, answer.text
    assert [(line["severity"], line["counted"]) for line in lines] == [("WARNING", "malformed")]
    assert signals_only.queued() == []


def test_a_job_of_a_very_long_name_or_with_half_a_character_in_it_is_none_of_ours(signals_only: Cloud):
    for name in (f"{OURS}{'0' * 5_000}", f"{OURS}{HALF}"):
        labels = {"job_name": name, "job_id": HALF}
        entry = {**ENTRY, "resource": {"type": "dataflow_step", "labels": labels}}
        assert signals_only.post("on_signal", pushed(entry), event()).status_code == 200
    assert signals_only.queued() == []


def test_what_is_logged_of_a_signal_is_one_line_of_json_whatever_is_in_it(signals_only: Cloud):
    labels = {"job_name": OURS, "job_id": f"1{HALF}"}
    entry = {**ENTRY, "resource": {"type": "dataflow_step", "labels": labels}}
    with logged() as lines:
        assert signals_only.post("on_signal", pushed(entry), event()).status_code == 200
    assert [(line["severity"], line["job"]) for line in lines] == [("INFO", f"1{HALF}")]


@pytest.mark.parametrize(
    "changes",
    [
        {"run": 7},
        {"run": ""},
        {"run": "a/b"},
        {"run": HALF},
        {"run": "a" * 2_000},
        {"run": ["x"]},
        {"node": "0"},
        {"node": 0.0},
        {"node": True},
        {"node": None},
        {"node": 10**400},
        {"attempt": "1"},
        {"attempt": {}},
        {"due": "soon"},
        {"due": None},
        {"due": float("nan")},
        {"due": float("inf")},
        {"due": 1e300},
        {"chain": 1},
        {"chain": "../x"},
        {"look": "1"},
    ],
    ids=lambda changes: str(changes)[:30],
)
def test_a_task_with_a_field_of_another_type_is_dropped(cloud: Cloud, changes: dict[str, Any]):
    cloud.post("start", JANUARY)
    body = {**json.loads(encode(Check(KEY, 0, 1))), **changes}
    with logged() as lines:
        answer = cloud.post("on_task", body)
    assert answer.status_code == 200, answer.text
    assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "malformed")]
    assert len(lines[0]["message"]) < 300


@pytest.mark.parametrize(
    "hop", [1, [], {}, {"name": "x"}, {"name": 7, "lane": "checks"}, {"name": "x", "lane": "fast"}]
)
def test_a_task_on_its_way_that_does_not_say_what_it_carries_is_dropped(cloud: Cloud, hop: Any):
    cloud.post("start", JANUARY)
    far = {**json.loads(encode(Launch(KEY, 0, 1, due=4e9))), "hop": hop}
    with logged() as lines:
        assert cloud.post("on_task", far).status_code == 200
    assert [(line["severity"], line["counted"]) for line in lines] == [("ERROR", "task_dropped")]
    assert not cloud.dataflow.launches


LISTS = """\
name: lists
params: {names: {type: list, default: []}, text: {type: string, default: ""}}
steps: {a: {wait: 1s}}
"""


@pytest.fixture
def lists(cloud: Cloud) -> Cloud:
    (cloud.folder / "graphs" / "lists.yaml").write_text(LISTS)
    return cloud


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"text": "x" * 1_000_000}, "bytes of JSON with its params, and Firestore keeps at most 1,000,000: put large"),
        ({"text": "ä" * 400_000}, "bytes of JSON with its params, and Firestore keeps at most 1,000,000: put large"),
        ({"names": ["x" * 1_000] * 1_100}, "bytes of JSON with its params, and Firestore keeps at most 1,000,000"),
        ({"text": "x" * 5_000_000}, "expected a request of at most 4,194,304 bytes, got 5,0"),
        (
            {"text": HALF},
            "the text contains half of a character (the lone surrogate \\ud800), which UTF-8 cannot store",
        ),
        ({"names": nested(99)}, "expected lists and mappings nested at most 100 deep"),
        ({"names": nested(51)}, "got a list: lists and mappings are nested more than 50 deep"),
        ({"names": json.dumps(nested(101))}, "lists and mappings are nested more than 50 deep"),
        ({"names": [float("nan")]}, "expected a number that JSON can hold, got 'NaN'"),
    ],
    ids=["large", "escaped", "list", "huge", "half", "deep", "deep value", "deep text", "nan"],
)
def test_params_that_cannot_be_kept_are_refused_in_a_sentence_and_start_nothing(
    lists: Cloud, params: dict[str, Any], said: str
):
    with logged() as lines:
        answer = lists.post("start", {"graph": "lists", "run_id": "r1", "params": params})
    assert answer.status_code == 400, answer.text
    (sentence,) = answer.get_json()["errors"]
    assert said in sentence
    assert [line["severity"] for line in lines] == ["WARNING"]
    assert lists.world("start").engine.ledger.store.get_run(KEY) is None


@pytest.mark.parametrize("params", [{"text": "x" * 999_000}, {"names": nested(50)}], ids=["large", "deep"])
def test_params_that_can_just_be_kept_run_to_the_end(lists: Cloud, params: dict[str, Any]):
    """And a start that is told again starts nothing, however large the run is."""
    body = {"graph": "lists", "run_id": "r1", "params": params}
    assert [lists.post("start", body).status_code for _ in range(2)] == [201, 200]
    store = lists.world("start").engine.ledger.store
    run = store.get_run(KEY)
    assert {name: run.params[name] for name in params} == params
    assert store.end_run(KEY, run.status.SUCCEEDED, 4e9)


def test_a_request_that_firestore_does_not_take_is_refused_and_not_tried_again(
    lists: Cloud, monkeypatch: pytest.MonkeyPatch
):
    """Firestore itself says so (INVALID_ARGUMENT): our own bound is taken away."""
    monkeypatch.setattr("orchestrator.stores.firestore.documents.MAX_RUN", 10_000_000)
    answer = lists.post("start", {"graph": "lists", "run_id": "r1", "params": {"text": "x" * 1_100_000}})
    assert answer.status_code == 400
    (sentence,) = answer.get_json()["errors"]
    assert sentence.startswith("Firestore could not open a run: it rejects the request (INVALID_ARGUMENT: ")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            b'{"graph": "sales", "graph": "x", "params": {"date": "2026-01-31", "date": "2026-02-01"}}',
            [
                "line 1: the key 'graph' is written twice here, first on line 1",
                "line 1: the key 'date' is written twice here, first on line 1",
            ],
        ),
        ({**JANUARY, "params": '{"password": "hunter2"}'}, ["params: expected a mapping, got text"]),
        ({**JANUARY, "params": [{"password": "hunter2"}]}, ["params: expected a mapping, got a list"]),
        ({**JANUARY, "run_id": None}, ["run_id: expected text, got null"]),
        ({**JANUARY, "run_id": {"a": 1}}, ["run_id: expected text, got a mapping"]),
        ({**JANUARY, "graph": True}, ["graph: expected text, got true"]),
        ({**JANUARY, "a\nb": 1}, ["'a\\nb': unknown key"]),
        (
            {**JANUARY, **{f"k{n:02}": n for n in range(12)}},
            [*(f"k{n:02}: unknown key" for n in range(10)), "and 2 more unknown keys"],
        ),
    ],
)
def test_each_thing_wrong_with_a_request_is_said_without_the_values_in_it(cloud: Cloud, body: Any, errors: list[str]):
    with logged() as lines:
        answer = cloud.post("start", body)
    assert (answer.status_code, answer.get_json()) == (400, {"errors": errors})
    assert [line["message"] for line in lines] == ["not started: " + "\n".join(errors)]
    assert "hunter2" not in json.dumps(lines)


def test_a_request_in_utf_8_with_a_mark_in_front_is_read(cloud: Cloud):
    assert cloud.post("start", b"\xef\xbb\xbf" + json.dumps(JANUARY).encode()).status_code == 201


def test_a_graph_or_a_run_id_with_half_a_character_is_refused(cloud: Cloud):
    for name in ("graph", "run_id"):
        answer = cloud.post("start", {**JANUARY, name: HALF})
        assert answer.status_code == 400
        assert answer.get_json()["errors"][0].endswith(
            "half of a character (the lone surrogate \\ud800), which UTF-8 cannot store"
        )
