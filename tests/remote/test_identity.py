"""Whose token it is: the one that was given, a service account's, or the one that gcloud prints; or one sentence."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.client.identity import email_of, id_token, member_of
from orchestrator.errors import UsageError
from tests.remote.server import Answer, scripted

URL = "https://start.run.app"


def token_of(email: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"email": email}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


@pytest.fixture
def gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a gcloud in the path that is this shell script, and nothing else. Until then there is none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    def install(script: str) -> None:
        path = tmp_path / "gcloud"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return install


def test_a_token_that_was_given_is_taken():
    assert id_token(URL, " a.b-c_d.e=\n") == "a.b-c_d.e="


@pytest.mark.parametrize("given", ["a b", "a\r\nX-Evil: 1", "", "ä"])
def test_what_is_no_token_is_refused_and_not_shown(given: str):
    with pytest.raises(UsageError) as error:
        id_token(URL, given)
    assert str(error.value) == "ORCHESTRATOR_ID_TOKEN: expected a token, got characters that no token contains"


def test_gcloud_prints_a_persons_token(gcloud: Callable[[str], None]):
    token = token_of("me@example.com")
    gcloud(f'[ "$*" = "auth print-identity-token" ] && echo {token}')
    assert id_token(URL, None) == token


def test_gcloud_prints_an_accounts_token_for_the_functions_address(gcloud: Callable[[str], None]):
    plain, right = token_of("x@p.iam.gserviceaccount.com"), token_of("y@p.iam.gserviceaccount.com")
    gcloud(f'[ "$3" = "--audiences={URL}" ] && echo {right} || echo {plain}')
    assert id_token(f"{URL}/some/path", None) == right


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "gcloud is not installed"),
        ("echo 'WARNING: old' >&2; echo 'ERROR: no account' >&2; exit 1", "; gcloud: ERROR: no account)"),
        ("exit 3", "gcloud: exit code 3"),
        ("echo no token", "gcloud: exit code 0"),
    ],
)
def test_without_an_identity_the_three_ways_are_named(gcloud: Callable[[str], None], script: str | None, said: str):
    if script is not None:
        gcloud(script)
    with pytest.raises(UsageError) as error:
        id_token(URL, None)
    text = str(error.value)
    assert text.startswith(f"no identity to call {URL} with (File {os.environ['GOOGLE_APPLICATION_CREDENTIALS']} was")
    assert said in text
    assert text.endswith(
        "use a service account (GOOGLE_APPLICATION_CREDENTIALS, or one that is attached or impersonated), log in with "
        "'gcloud auth login', or put a token into ORCHESTRATOR_ID_TOKEN"
    )


def test_a_service_accounts_key_gets_a_token_for_the_functions_address(
    gcloud: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("google.oauth2")
    from google.auth import jwt

    token = token_of("x@p.iam.gserviceaccount.com")
    with scripted([Answer(200, {"id_token": jwt_of(token)}, {"Content-Type": "application/json"})]) as server:
        file = tmp_path / "key.json"
        file.write_text(json.dumps(account(f"{server.url}/token")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        assert email_of(id_token(f"{URL}/", None)) == "x@p.iam.gserviceaccount.com"
        (body,) = [body.decode() for _, body in server.asked]
    asked = dict(pair.split("=", 1) for pair in body.split("&"))["assertion"]
    assert jwt.decode(asked, verify=False)["target_audience"] == URL


def test_a_persons_default_credentials_make_no_token_for_a_function(
    gcloud: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "person.json"
    file.write_text(
        json.dumps({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"})
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(UsageError, match=r"\(the default credentials are a person's; gcloud is not installed\)"):
        id_token(URL, None)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.!.c", "a.W10.c", "a.e30.c", "a.eyJlbWFpbCI6IDd9.c"])
def test_a_token_that_does_not_say_whose_it_is_is_nobodys(token: str):
    assert email_of(token) is None


def test_who_a_token_is_of_is_named_as_iam_does():
    assert email_of(token_of("me@example.com")) == "me@example.com"
    assert member_of("me@example.com") == "user:me@example.com"
    assert member_of("x@p.iam.gserviceaccount.com") == "serviceAccount:x@p.iam.gserviceaccount.com"
    assert member_of(None) == "user:YOU"


def jwt_of(token: str) -> str:
    """The same token, with an expiry, which Google's client reads."""
    email = email_of(token)
    payload = base64.urlsafe_b64encode(json.dumps({"email": email, "exp": 4102444800}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def account(token_uri: str) -> dict[str, Any]:
    """The JSON of a service account's key, as the console gives it away."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k",
        "private_key": pem.decode(),
        "client_email": "x@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
