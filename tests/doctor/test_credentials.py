"""As whom Google's APIs are asked: a service account with the narrowest scope, and nobody without credentials."""

import json
from pathlib import Path

import pytest

pytest.importorskip("googleapiclient")

from google.auth import jwt

from orchestrator.client.credentials import of_environment
from orchestrator.client.google_apis import Apis
from orchestrator.errors import UsageError
from tests.remote.server import Answer, scripted
from tests.remote.test_identity import account

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def test_a_service_account_has_a_token_for_what_reads_and_one_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answers = [Answer(200, {"access_token": name, "expires_in": 3600}) for name in ("wide", "narrow")]
    with scripted(answers) as server:
        file = tmp_path / "key.json"
        file.write_text(json.dumps(account(f"{server.url}/token")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        credentials = of_environment("demo-1")
        asked = [dict(pair.split("=", 1) for pair in body.decode().split("&"))["assertion"] for _, body in server.asked]
    assert [jwt.decode(one, verify=False)["scope"] for one in asked] == [SCOPE, f"{SCOPE}.read-only"]
    assert (credentials[False].token, credentials[True].token) == ("wide", "narrow")


def test_credentials_that_have_been_taken_back_are_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    answer = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    with scripted([answer]) as server:
        file = tmp_path / "key.json"
        file.write_text(json.dumps(account(f"{server.url}/token")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        with pytest.raises(
            UsageError, match=r"found no working Google credentials: .*Invalid JWT Signature.*: log in with"
        ):
            Apis("demo-1")


def test_a_fake_is_told_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    Apis("demo-1", "http://127.0.0.1:9").close()
