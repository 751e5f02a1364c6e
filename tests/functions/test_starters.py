"""Who may start what, known by the token that the platform has checked and whose signature it has removed."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.cloud.auth import ForbiddenError, UnauthenticatedError, claimed
from orchestrator.cloud.starters import Starters
from tests.functions.cloud import Cloud, logged

ANN, SCHEDULER, DUE = "ann@example.com", "scheduler@demo.iam.gserviceaccount.com", "X-CloudScheduler-ScheduleTime"
SALES = {"graph": "sales", "params": {"date": "2026-01-31"}}


def token(email: object = ANN, signature: str = "SIGNATURE_REMOVED_BY_GOOGLE", **claims: object) -> str:
    parts = ({"alg": "RS256"}, {"email": email, "email_verified": True, **claims})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), signature]
    )


def bearer(email: object = ANN, **claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(email, **claims)}"}


@pytest.fixture
def limited(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv("ORCHESTRATOR_STARTERS", json.dumps({ANN: ["sales"], "bob@example.com": ["nightly", "hourly"]}))
    monkeypatch.setenv("ORCHESTRATOR_SCHEDULER_ACCOUNT", SCHEDULER)
    text = "name: nightly\nschedule: 0 6 * * *\nsteps: {a: {wait: 1s}}\n"
    (tmp_path / "graphs" / "nightly.yaml").write_text(text)
    return cloud


@pytest.mark.parametrize(
    ("who", "graph", "due", "said"),
    [
        (ANN, "sales", False, None),
        ("Ann@Example.com", "sales", False, None),
        (ANN, "nightly", False, f"{ANN} may start only sales, not 'nightly'"),
        (ANN, "nowhere", False, f"{ANN} may start only sales, not 'nowhere'"),
        ("bob@example.com", "sales", False, "bob@example.com may start only hourly and nightly, not 'sales'"),
        ("eve@example.com", "sales", False, None),
        ("eve@example.com", "nightly", False, None),
        ("eve@example.com", "nightly", True, f"{DUE} is for {SCHEDULER} alone, and this is eve@example.com"),
        (ANN, "sales", True, f"{DUE} is for {SCHEDULER} alone, and this is {ANN}"),
        (SCHEDULER, "nightly", True, None),
        (SCHEDULER, "nightly", False, None),
        (SCHEDULER, "sales", True, f"{SCHEDULER} starts graphs that have a schedule, and 'sales' has none"),
    ],
)
def test_who_may_start_what(limited: Cloud, who: str, graph: str, due: bool, said: str | None) -> None:
    headers = bearer(who) | ({DUE: "2026-01-31T06:00:00Z"} if due else {})
    body = SALES if graph == "sales" else {"graph": graph}
    with logged() as lines:
        answer = limited.post("start", body, headers)
    if said is None:
        assert answer.status_code == 201
        assert answer.get_json()["run"].startswith(f"{graph}-2026-01-31T060000Z" if due else f"{graph}-20")
        return
    assert (answer.status_code, answer.get_json()) == (403, {"errors": [said]})
    assert [(line["severity"], line["message"]) for line in lines] == [("WARNING", f"not started: {said}")]
    assert limited.queued("launches") == []


NOBODY: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer a.b"},
    {"Authorization": "Bearer a.b.c.d"},
    {"Authorization": "Bearer a.%.c"},
    {"Authorization": f"Bearer {token()}, Bearer {token('eve@example.com')}"},
    {"Authorization": "Bearer a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c"},
    {"Authorization": "Bearer a." + base64.urlsafe_b64encode(b'["email"]').decode() + ".c"},
    bearer(email=None),
    bearer(email=["eve@example.com"]),
    bearer(email=""),
    bearer(email_verified=False),
    bearer(email_verified="true"),
    {**bearer(), "X-Serverless-Authorization": "Bearer nonsense"},
]


@pytest.mark.parametrize("headers", NOBODY)
def test_who_says_nothing_of_themselves_may_start_nothing(headers: Mapping[str, str]) -> None:
    assert claimed(headers) is None
    for starters in (Starters({ANN: ["sales"]}, None), Starters({}, SCHEDULER)):
        with pytest.raises(UnauthenticatedError):
            starters.check(headers, "sales", None)
    Starters({}, None).check(headers, "sales", None)


def test_of_two_tokens_the_one_counts_that_the_platform_has_checked() -> None:
    """The other may say anything: an attacker's own token in the one, and the schedule's name in the other."""
    forged = {**bearer(SCHEDULER), "X-Serverless-Authorization": f"Bearer {token(ANN)}"}
    assert claimed(forged) == ANN
    with pytest.raises(ForbiddenError):
        Starters({ANN: ["sales"]}, SCHEDULER).check(forged, "nightly", True)


def test_who_may_not_start_a_graph_does_not_run_its_file(limited: Cloud, tmp_path: Path) -> None:
    """A graph in Python is code, and is read to be started."""
    (tmp_path / "graphs" / "own.py").write_text("from orchestrator import Graph\nraise SystemExit('it ran')\n")
    answer = limited.post("start", {"graph": "own"}, bearer())
    assert (answer.status_code, answer.get_json()) == (403, {"errors": [f"{ANN} may start only sales, not 'own'"]})


def test_where_nobody_is_limited_nobody_is_asked_who_they_are(cloud: Cloud) -> None:
    assert cloud.post("start", SALES).status_code == 201
