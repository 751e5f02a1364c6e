"""What a request to the console may contain, and what is said of all others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.client.console import ConsoleReader
from orchestrator.console.checking import MAX_TOLD, body_of, moment, query_of
from orchestrator.console.exchange import Reply
from orchestrator.console.forms import (
    MAX_IDS,
    MAX_NUMBERS,
    MAX_PAGE,
    HoldForm,
    IdsQuery,
    RetryForm,
    RunsQuery,
    ViewQuery,
)
from orchestrator.console.serving import MAX_ANSWER, _within
from orchestrator.errors import UsageError


def refused(form: type[HoldForm | RetryForm], **body: object) -> list[str]:
    with pytest.raises(UsageError) as error:
        body_of(form, json.dumps(body).encode())
    return str(error.value).splitlines()


def test_a_page_of_the_console_has_up_to_so_many_runs():
    assert query_of(RunsQuery, {"limit": [str(MAX_PAGE)]}).limit == MAX_PAGE
    with pytest.raises(UsageError, match="limit: expected at most 200"):
        query_of(RunsQuery, {"limit": [str(MAX_PAGE + 1)]})
    assert query_of(IdsQuery, {"limit": [str(MAX_IDS)]}).limit == MAX_IDS
    with pytest.raises(UsageError, match="limit: expected at most 10,000"):
        query_of(IdsQuery, {"limit": [str(MAX_IDS + 1)]})


def test_so_many_steps_are_asked_for_in_one_url():
    assert query_of(ViewQuery, {"nodes": [",".join(["1"] * MAX_NUMBERS)]}).nodes is not None
    with pytest.raises(UsageError, match="nodes: expected"):
        query_of(ViewQuery, {"nodes": [",".join(["1"] * (MAX_NUMBERS + 1))]})
    asked: list[int] = []

    def get(_: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        numbers = query["nodes"].split(",")
        asked.append(len(numbers))
        return {
            "states": {key: {"status": "succeeded"} for key in numbers},
            "counters": {},
            "unreadable": [],
            "left_out": [],
        }

    assert len(ConsoleReader(get).load("k", range(MAX_NUMBERS + 1), ()).states) == MAX_NUMBERS + 1
    assert asked == [MAX_NUMBERS, 1]


def test_an_answer_of_the_console_has_up_to_so_many_bytes():
    empty = len(Reply(200, {"a": ""}).text)
    for more, status in ((0, 200), (1, 400)):
        assert _within(Reply(200, {"a": "x" * (MAX_ANSWER - empty + more)})).status == status


def test_so_many_mistakes_of_a_request_to_the_console_are_told_one_by_one():
    keys = {f"k{number:02}": 1 for number in range(MAX_TOLD)}
    assert len(refused(HoldForm, why="x", **keys)) == MAX_TOLD
    more = refused(HoldForm, why="x", **keys, k99=1)
    assert (len(more), more[-1]) == (MAX_TOLD + 1, "and 1 more mistakes")


def test_every_mistake_is_told_with_its_place_and_no_value():
    assert refused(HoldForm, why=None, steps=["a", "b/c", 5], until=7, secret="hunter2") == [
        "why: expected text, got null",
        "steps[1]: expected the name of a step: a letter, then up to 99 letters, digits, '_', '.' or '-'",
        "steps[2]: expected text, got 5",
        "until: expected text, got 7",
        "secret: unknown key",
    ]
    assert refused(RetryForm, attempt=1.5) == ["attempt: expected a whole number, got 1.5"]
    assert body_of(RetryForm, b'{"attempt": 2.0}').attempt == 2


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01t00:00:01.5z", 1.5),
        ("1970-01-01T02:00:00+02:00", 0.0),
        ("2016-12-31T23:59:60Z", 1_483_228_800.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("2026-02-30T00:00:00Z", None),
        ("2026-01-31", None),
        ("2026-01-31T00:00:00", None),
        ("٢٠٢٦-01-31T00:00:00Z", None),
        ("2026-01-31T25:00:00Z", None),
        ("2026-01-31T00:00:00Z\n", None),
    ],
)
def test_a_time_is_one_of_rfc_3339(text: str, at: float | None):
    if at is None:
        with pytest.raises(UsageError, match="since: expected a time such as 2026-01-31T18:00:00Z"):
            moment("since", text)
    else:
        assert moment("since", text) == at
