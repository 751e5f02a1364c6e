"""Identifies callers of a function, and optionally checks their OIDC tokens, which the platform has checked already.

The check is off by default, since Cloud Run may remove the signature of a token that it has checked. Google's code is
imported by the first check.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from orchestrator.cloud.logs import Headers
from orchestrator.errors import OrchestratorError

#: Seconds for which Google's certificates are kept. They change about once a day, and overlap for days.
CERTIFICATES_KEPT = 3600.0

#: Seconds for fetching them, and by which the clock of the token's issuer may be ahead.
_TIMEOUT, _SKEW = 10.0, 10

#: Three parts of base64url. What two headers of one name come to, ``Bearer a.b.c, Bearer d.e.f``, does not match.
_BEARER = re.compile(r"(?i:bearer) +[A-Za-z0-9_=-]+\.(?P<claims>[A-Za-z0-9_=-]+)\.[A-Za-z0-9_=-]*")

#: ``request(url, method="GET")``, with ``status`` and ``data`` in its answer: a google.auth.transport.Request.
Transport = Callable[..., Any]


class UnauthenticatedError(OrchestratorError):
    """The caller is unknown."""

    http_status = 401


class ForbiddenError(OrchestratorError):
    """The caller is known, and may not do this."""

    http_status = 403


class CertificatesError(OrchestratorError):
    """Google's certificates cannot be fetched now, so the token cannot be checked."""

    retryable = True
    http_status = 503


class Verifier:
    """Accepts tokens that Google issued for ``audience`` and for one of ``accounts``. Thread-safe."""

    def __init__(self, audience: str, accounts: Collection[str], transport: Transport | None = None) -> None:
        self._audience = audience
        self._accounts = frozenset(accounts)
        self._transport = _Remembering(transport or _google())

    def check(self, headers: Headers) -> str:
        """The caller's account. Raises UnauthenticatedError, ForbiddenError or CertificatesError."""
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.oauth2.id_token import verify_oauth2_token

        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("expected an OIDC token in the header Authorization: Bearer, got none")
        try:
            claims = verify_oauth2_token(  # type: ignore[no-untyped-call]
                token.strip(), self._transport, self._audience, _SKEW
            )
        except TransportError as error:
            raise CertificatesError(f"cannot fetch Google's certificates: {error}") from error
        except (GoogleAuthError, ValueError, TypeError, RecursionError) as error:  # its text may quote the token
            raise UnauthenticatedError(
                f"expected an OIDC token that Google signed for {self._audience}, got one that is not valid"
            ) from error
        email = claims.get("email")
        if not isinstance(email, str) or email not in self._accounts or claims.get("email_verified") is not True:
            raise ForbiddenError(f"expected a token of {' or '.join(sorted(self._accounts))}, got one of {email!r}")
        return email


def claimed(headers: Headers) -> str | None:
    """The e-mail address, in lower case, in the token that the platform has checked; None if it has none.

    The token is trusted without a check of its own. Cloud Run lets a request through only with a token that it has
    checked, of somebody who has ``roles/run.invoker``, and then takes the signature out of the token
    ("SIGNATURE_REMOVED_BY_GOOGLE"), so that nobody can check it again. If there is an ``X-Serverless-Authorization``,
    that is the one which was checked, and ``Authorization`` may say anything ("Service-to-service authentication" in
    Cloud Run's documentation, 2026). If ``allUsers`` may call, none of this is true: doctor warns about that.
    """
    said = headers.get("X-Serverless-Authorization", "") or headers.get("Authorization", "")
    match = _BEARER.fullmatch(said.strip())
    if match is None:
        return None
    try:
        text = match["claims"].rstrip("=")
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    email = claims.get("email") if isinstance(claims, dict) and claims.get("email_verified") is True else None
    return email.lower() if isinstance(email, str) and email else None


class _Remembering:
    """A transport that fetches each address once an hour: the library requests the certificates for every check."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, Any]] = {}

    def __call__(self, url: str, method: str = "GET", **others: Any) -> Any:
        with self._lock:
            until, answer = self._answers.get(url, (0.0, None))
            if time.monotonic() >= until:
                answer = self._transport(url, method=method, timeout=_TIMEOUT, **others)
                if answer.status == 200:
                    self._answers[url] = (time.monotonic() + CERTIFICATES_KEPT, answer)
            return answer


def _google() -> Transport:
    from google.auth.transport.requests import Request

    transport: Transport = Request()
    return transport
