"""``start``: where it calls, as whom, what it prints, and how it ends. Against the function: tests/functions."""

import base64
import json
from collections.abc import Iterator

import pytest

pytest.importorskip("googleapiclient")

from tests.doctor.deployment import ARCHIVE, LOCK, D, L
from tests.doubles.google.deployed import deployed
from tests.doubles.google.server import FakeGoogle, forbidden
from tests.e2e.command_line import Place, Said
from tests.remote.server import Answer, scripted

START = f"{L}/functions/orchestrator-prod-start"
PAYLOAD = base64.urlsafe_b64encode(json.dumps({"email": "me@example.com"}).encode()).decode().rstrip("=")
TOKEN = f"e30.{PAYLOAD}.c2ln"


def told(created: bool = True) -> Answer:
    body = {"run": "sales-1", "graph": "sales", "status": "running", "created": created}
    return Answer(201 if created else 200, body)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """What Google says of the deployed functions."""
    monkeypatch.setenv("ORCHESTRATOR_PROJECT", "demo-1")
    monkeypatch.setenv("ORCHESTRATOR_REGION", "europe-west4")
    monkeypatch.delenv("ORCHESTRATOR_ID_TOKEN", raising=False)
    with FakeGoogle(deployed(D, LOCK, ARCHIVE)) as made:
        monkeypatch.setenv("GOOGLE_APIS_EMULATOR_URL", made.url)
        yield made


def test_a_run_is_started_where_google_says_and_how_to_follow_it_is_told(fake: FakeGoogle, place: Place) -> None:
    place.write("params.yaml", "rows: 3\nday: 2026-01-31\n")
    with scripted([told()]) as server:
        fake.bodies.resources[START]["serviceConfig"]["uri"] = server.url
        said = place.look("start", "sales", "--params-file", "params.yaml", "-p", "date=2026-01-31")
        (body,) = server.bodies
    assert said == Said(
        0,
        "run sales-1 started\nfollow it: orchestrator status sales-1 --project demo-1 --region europe-west4\n",
        "",
    )
    run_id = body.pop("run_id")
    assert body == {"graph": "sales", "params": {"rows": 3, "day": "2026-01-31", "date": "2026-01-31"}}
    assert run_id.startswith("sales-20")


def test_a_run_that_was_there_is_no_mistake(place: Place) -> None:
    with scripted([told(created=False)]) as server:
        said = place.look("start", "sales", "--run-id", "sales-1", "--url", server.url)
        assert server.bodies == [{"graph": "sales", "run_id": "sales-1", "params": {}}]
    assert (said.code, said.lines[0]) == (0, "run sales-1 already exists, its status is running")


def test_an_id_that_is_none_is_refused_before_anybody_is_asked(place: Place) -> None:
    with scripted([told()]) as server:
        said = place.look("start", "sales", "--run-id", "", "--url", server.url)
        assert server.bodies == []
    expected = "expected a letter or digit, then up to 99 letters, digits, '_', '.' or '-'"
    assert said == Said(2, "", f"error: run id: {expected}, got ''\n")


def test_programs_are_told_the_same(place: Place) -> None:
    with scripted([told()]) as server:
        said = place.look("start", "sales", "--json", "--url", server.url)
    assert (said.code, said.err) == (0, "")
    assert said.json == {
        "run": "sales-1",
        "graph": "sales",
        "status": "running",
        "created": True,
        "store": "firestore://demo-1/orchestrator-prod",
    }


def test_what_fails_for_now_is_said_and_asked_again(place: Place) -> None:
    later = Answer(503, "Firestore did not answer.\n", {"Retry-After": "0"})
    with scripted([later, told()]) as server:
        said = place.look("start", "sales", "--url", server.url)
        assert said.err == f"{server.url} answered 503: Firestore did not answer: trying again in 0.0 s\n"
        assert len({body["run_id"] for body in server.bodies}) == 1
    assert said.code == 0
    with scripted([later] * 5) as server:
        said = place.look("start", "sales", "--run-id", "sales-1", "--url", server.url)
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[-1] == (
        f"error: {server.url} answered 503: Firestore did not answer.: run 'sales-1' may or may not have been started: "
        "repeat the command with --run-id sales-1, which starts it only once"
    )


def test_wrong_params_are_told_in_the_functions_words(place: Place) -> None:
    with scripted([Answer(400, {"errors": ["param 'date': is needed", "param 'x': no such param"]})]) as server:
        said = place.look("start", "sales", "--url", server.url)
    assert said == Said(2, "", "error: param 'date': is needed\nparam 'x': no such param\n")


def test_who_may_start_other_graphs_is_told_so_in_the_functions_words(place: Place) -> None:
    """No grant would help: the platform has let them in."""
    words = "ann@example.com may start only sales, not 'hourly'"
    with scripted([Answer(403, {"errors": [words]})]) as server:
        said = place.look("start", "hourly", "--url", server.url)
    assert said == Said(1, "", f"error: {words}\n")


def test_who_may_not_call_is_told_who_they_are_and_what_they_need(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATOR_ID_TOKEN", TOKEN)
    with scripted([Answer(403, "<html>"), Answer(401, "<html>")]) as server:
        forbidden_, unknown = (place.look("start", "sales", "--url", server.url) for _ in range(2))
        assert server.header("Authorization") == [f"Bearer {TOKEN}"] * 2
    assert forbidden_ == Said(
        1,
        "",
        f"error: {server.url} answered 403: you are me@example.com; roles/run.invoker on orchestrator-prod-start is "
        "needed: Terraform's variable 'starters', or\n"
        "gcloud run services add-iam-policy-binding orchestrator-prod-start --region=europe-west4 --project=demo-1 "
        "--member=user:me@example.com --role=roles/run.invoker\n",
    )
    assert unknown == Said(
        1,
        "",
        f"error: {server.url} answered 401: you are me@example.com, and the token was rejected: it may have expired, "
        "or be for another URL; roles/run.invoker on orchestrator-prod-start is needed too\n",
    )


def test_a_token_is_not_sent_in_the_clear(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_ID_TOKEN", TOKEN)
    assert place.look("start", "sales", "--url", "http://start.example.com") == Said(
        2,
        "",
        "error: --url: expected https://…, so that nobody can intercept the token, got 'http://start.example.com'\n",
    )


def test_a_function_that_is_not_deployed_is_said_so(fake: FakeGoogle, place: Place) -> None:
    del fake.bodies.resources[START]
    assert place.look("start", "sales") == Said(
        2,
        "",
        "error: function orchestrator-prod-start was not found in demo-1, europe-west4: run 'orchestrator doctor'\n",
    )


def test_a_function_that_is_still_being_deployed_is_said_so(fake: FakeGoogle, place: Place) -> None:
    fake.bodies.resources[START]["state"] = "DEPLOYING"
    del fake.bodies.resources[START]["serviceConfig"]["uri"]
    assert place.look("start", "sales") == Said(
        1,
        "",
        "error: function orchestrator-prod-start cannot be called, its state is DEPLOYING: run 'orchestrator doctor'\n",
    )


def test_who_may_not_look_for_the_function_may_say_where_it_is(fake: FakeGoogle, place: Place) -> None:
    fake.fail(START, forbidden())
    assert place.look("start", "sales") == Said(
        1,
        "",
        f"error: cannot read {START} (cloudfunctions.functions.get): 403 The caller does not have permission: "
        "if you know the URL of orchestrator-prod-start, give it with --url\n",
    )


def test_without_an_identity_the_three_ways_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(place.folder / "none.json"))
    monkeypatch.setenv("PATH", str(place.folder))
    said = place.look("start", "sales", "--url", "https://start.invalid")
    assert said == Said(
        2,
        "",
        f"error: no identity to call https://start.invalid with (File {place.folder}/none.json was not found; gcloud "
        "is not installed): use a service account (GOOGLE_APPLICATION_CREDENTIALS, or one that is attached or "
        "impersonated), log in with 'gcloud auth login', or put a token into ORCHESTRATOR_ID_TOKEN\n",
    )
