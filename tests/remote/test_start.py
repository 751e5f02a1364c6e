"""A run is started once, however often it has to be asked for; and what cannot be is said in the function's words."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

import orchestrator
from orchestrator.client.asking import NotAllowedError, Waiting
from orchestrator.client.start import Started, Wanted, start
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError
from tests.remote.server import Answer, scripted

WANTED = Wanted("sales", "sales-1", {"date": "2026-01-31"}, made_up=True)
GIVEN = Wanted("sales", "sales-1", {"date": "2026-01-31"}, made_up=False)
BODY = {"graph": "sales", "run_id": "sales-1", "params": {"date": "2026-01-31"}}


def there(created: bool) -> Answer:
    return Answer(
        201 if created else 200, {"run": "sales-1", "graph": "sales", "status": "running", "created": created}
    )


def later(after: str | None = None) -> Answer:
    return Answer(503, "Firestore did not answer.\n", {"Retry-After": after} if after else {})


@dataclass
class Clock:
    """Time goes on when somebody waits, and no otherwise."""

    told: list[tuple[str, float]] = field(default_factory=list)

    @property
    def slept(self) -> float:
        return sum(seconds for _, seconds in self.told)

    @property
    def waiting(self) -> Waiting:
        return Waiting(lambda why, seconds: self.told.append((why, seconds)), lambda _: None, lambda: self.slept)


def test_a_new_run_is_told():
    with scripted([there(True)]) as server:
        assert start(server.url, WANTED, None, Clock().waiting) == Started("sales-1", "sales", "running", True)
        assert server.bodies == [BODY]
        assert server.header("Authorization") == [None]


def test_python_programs_start_runs_too():
    with scripted([there(True)]) as server:
        where = {"project": "p", "region": "r", "url": server.url}
        assert orchestrator.start("sales", {"date": date(2026, 1, 31)}, run_id="sales-1", **where) == "sales-1"
        assert server.bodies == [BODY]


def test_a_run_that_was_there_is_told():
    with scripted([there(False)]) as server:
        assert not start(server.url, WANTED, None, Clock().waiting).created


def test_what_fails_for_now_is_asked_again_with_the_same_run_id_when_the_answer_says():
    clock = Clock()
    with scripted([later("7"), later(), there(True)]) as server:
        assert start(server.url, WANTED, "a.b.c", clock.waiting).created
        assert server.bodies == [BODY, BODY, BODY]
        assert server.header("Authorization") == ["Bearer a.b.c"] * 3
        why = f"{server.url} answered 503: Firestore did not answer."
        assert clock.told == [(why, 7.0), (why, 2.0)]


@pytest.mark.parametrize(("wanted", "created"), [(WANTED, True), (GIVEN, False)])
def test_a_lost_answer_is_asked_for_again(wanted: Wanted, created: bool):
    """It had started the run. Whose id was made up for this call, nobody else has started."""
    clock = Clock()
    with scripted([None, there(False)]) as server:
        assert start(server.url, wanted, None, clock.waiting).created is created
        assert server.bodies == [BODY, BODY]
        (told,) = clock.told
        assert told == (f"{server.url} did not answer: Remote end closed connection without response", 1.0)


def test_it_gives_up_after_five_tries_and_says_how_to_go_on():
    clock = Clock()
    with scripted([later("1")] * 5) as server:
        with pytest.raises(OrchestratorError) as error:
            start(server.url, WANTED, None, clock.waiting)
        assert len(server.asked) == 5
    assert str(error.value) == (
        f"{server.url} answered 503: Firestore did not answer.: run 'sales-1' may or may not have been started: "
        "repeat the command with --run-id sales-1, which starts it only once"
    )


def test_it_waits_a_minute_at_most():
    clock = Clock()
    with scripted([later("25")] * 4) as server:
        with pytest.raises(OrchestratorError, match="answered 503"):
            start(server.url, WANTED, None, clock.waiting)
        assert [seconds for _, seconds in clock.told] == [25.0, 25.0]


@pytest.mark.parametrize(("status", "kind"), [(400, UsageError), (404, NotFoundError)])
def test_what_cannot_be_meant_is_said_in_the_functions_words(status: int, kind: type[Exception]):
    with scripted([Answer(status, {"errors": ["param 'date': expected a date", "param 'x': no such"]})]) as server:
        with pytest.raises(kind) as error:
            start(server.url, WANTED, None, Clock().waiting)
        assert str(error.value) == "param 'date': expected a date\nparam 'x': no such"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401, "<html>Unauthorized</html>"), "answered 401"),
        (Answer(403, "this account may not call: x@y\n"), "answered 403: this account may not call: x@y"),
    ],
)
def test_who_may_not_call_is_not_asked_again(answer: Answer, said: str):
    with scripted([answer]) as server:
        with pytest.raises(NotAllowedError) as error:
            start(server.url, WANTED, None, Clock().waiting)
        assert (str(error.value), error.value.status) == (f"{server.url} {said}", answer.status)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, "<html>hello</html>"), "answered 200"),
        (Answer(200, {"hello": "world"}), 'answered 200: {"hello": "world"}'),
        (Answer(200, "[1]"), "answered 200: [1]"),
        (Answer(200, "[" * 20_000), f"answered 200: {'[' * 300}"),
        (Answer(500, "Internal Server Error"), "answered 500: Internal Server Error"),
        (Answer(302, "", {"Location": "https://accounts.google.com/login"}), "answered 302"),
    ],
)
def test_what_is_no_start_function_is_said_so(answer: Answer, said: str):
    with scripted([answer]) as server:
        with pytest.raises(OrchestratorError) as error:
            start(server.url, WANTED, None, Clock().waiting)
        assert str(error.value) == f"{server.url} {said}: expected the answer of a deployed 'start'"


def test_a_404_of_cloud_runs_own_may_be_because_of_where_one_calls_from():
    with scripted([Answer(404, "<html>Not found</html>")]) as server:
        with pytest.raises(OrchestratorError) as error:
            start(server.url, WANTED, None, Clock().waiting)
        assert str(error.value) == (
            f"{server.url} answered 404: there is no 'start' there, or it cannot be called from here (Terraform's "
            "variable 'start_ingress')"
        )


def test_a_token_is_not_taken_along_to_where_an_answer_points():
    with scripted([there(True)]) as other, scripted([Answer(307, "", {"Location": ""})]) as server:
        answer: Any = Answer(307, "", {"Location": other.url})
        with scripted([answer]) as pointing, pytest.raises(OrchestratorError, match="answered 307"):
            start(pointing.url, WANTED, "a.b.c", Clock().waiting)
        assert (other.asked, server.asked) == ([], [])


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://", "https://me@x.run.app", "x.run.app", ""],
)
def test_a_token_goes_to_https_or_stays_here(url: str):
    with pytest.raises(UsageError) as error:
        start(url, WANTED, "a.b.c", Clock().waiting)
    assert str(error.value) == f"--url: expected https://…, so that nobody can intercept the token, got {url!r}"
