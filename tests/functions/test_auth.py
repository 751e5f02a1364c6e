"""The optional check of the OIDC token: Google's library, with a key and a certificate of our own."""

import base64
import datetime
import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.auth.crypt import RSASigner

from orchestrator.cloud.auth import CertificatesError, ForbiddenError, UnauthenticatedError, Verifier
from orchestrator.core.messages import Finish
from orchestrator.core.task_codec import encode
from tests.functions.cloud import Cloud, logged

AUDIENCE, ACCOUNT = "https://on-task.example", "tasks@demo.iam.gserviceaccount.com"


@dataclass
class Google:
    """A key, and where its certificate is to be had."""

    status: int = 200
    asked: list[str] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def __call__(self, url: str, **_: Any) -> Any:
        self.asked.append(url)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "google")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), 1, now, now + datetime.timedelta(1))
        pem = builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return Answer(self.status, json.dumps({"k": pem.decode()}).encode())

    def token(self, **changes: Any) -> str:
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        now = int(time.time())
        claims = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
        claims |= {"iat": now, "exp": now + 3600, **changes}
        return jwt.encode(RSASigner.from_string(pem, key_id="k"), claims).decode()


@dataclass
class Answer:
    status: int
    data: bytes


@pytest.fixture(scope="module")
def google() -> Google:
    return Google()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_of_the_account_passes_and_the_certificates_are_fetched_once():
    google = Google()
    verifier = Verifier(AUDIENCE, [ACCOUNT], google)
    assert [verifier.check(bearer(google.token())) for _ in range(3)] == [ACCOUNT] * 3
    assert len(google.asked) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer "}])
def test_a_caller_without_a_token_is_unknown(google: Google, headers: dict[str, str]):
    with pytest.raises(UnauthenticatedError, match="expected an OIDC token in the header"):
        Verifier(AUDIENCE, [ACCOUNT], google).check(headers)


@pytest.mark.parametrize(
    "changes",
    [{"aud": "https://other.example"}, {"iss": "https://evil.example"}, {"iat": 1, "exp": 2}],
)
def test_a_token_for_others_from_others_or_of_the_past_is_refused(google: Google, changes: dict[str, Any]):
    with pytest.raises(UnauthenticatedError, match="got one that is not valid"):
        Verifier(AUDIENCE, [ACCOUNT], google).check(bearer(google.token(**changes)))


def test_a_token_without_its_signature_or_with_that_of_another_key_is_refused(google: Google):
    head, claims, _ = google.token().split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    unsigned = [f"{head}.{claims}.", f"{head}.{claims}.SIGNATURE_REMOVED_BY_GOOGLE", f"{none}.{claims}.", "x", "a.b.c"]
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode()  # deeper than JSON can be read
    for token in [*unsigned, f"{deep}.{claims}.x", f"{head}.{deep}.x", "é.é.é", Google().token()]:
        with pytest.raises(UnauthenticatedError) as refused:
            Verifier(AUDIENCE, [ACCOUNT], google).check(bearer(token))
        assert claims not in str(refused.value)


@pytest.mark.parametrize(
    "changes", [{"email": "other@demo"}, {"email": None}, {"email": [ACCOUNT]}, {"email_verified": False}]
)
def test_a_token_of_another_account_is_forbidden(google: Google, changes: dict[str, Any]):
    with pytest.raises(ForbiddenError, match=f"expected a token of {ACCOUNT}"):
        Verifier(AUDIENCE, [ACCOUNT], google).check(bearer(google.token(**changes)))


def test_without_certificates_nothing_is_known_and_they_are_asked_for_again():
    google = Google(status=500)
    verifier = Verifier(AUDIENCE, [ACCOUNT], google)
    for _ in range(2):
        with pytest.raises(CertificatesError):
            verifier.check(bearer(google.token()))
    google.status = 200
    assert verifier.check(bearer(google.token())) == ACCOUNT
    assert len(google.asked) == 3


def test_no_function_does_anything_for_a_caller_who_may_not_call(
    signals_only: Cloud, google: Google, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ORCHESTRATOR_VERIFY_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("ORCHESTRATOR_VERIFY_ACCOUNT", ACCOUNT)
    event = {"ce-id": "1", "ce-source": "//t", "ce-specversion": "1.0", "ce-type": "t"}
    for target in ("on_signal", "on_task", "start", "sweep"):
        vars(signals_only.world(target))["_verifier"] = Verifier(AUDIENCE, [ACCOUNT], google)
        for headers, status in (({}, 401), (bearer(google.token(email="other@demo")), 403)):
            with logged() as lines:
                answer = signals_only.post(target, encode(Finish("k")).encode(), {**event, **headers})
            assert answer.status_code == status
            assert [line["severity"] for line in lines] == ["WARNING"]
            assert "Bearer ey" not in json.dumps(lines)
    assert signals_only.post("on_signal", {}, {**event, **bearer(google.token())}).status_code == 200
    assert signals_only.post("start", {}, bearer(google.token())).status_code == 400
