"""Sends one request to a deployed function, without retries, and without redirects, which would leak the token."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from orchestrator.errors import OrchestratorError, UsageError

#: Seconds for a response: ``start`` has 60, and its first instance needs some to start.
_TIMEOUT = 90.0

#: How many bytes of a response are read: as many as Cloud Run sends in one.
_LARGEST = 32 * 1024 * 1024


class LostAnswerError(OrchestratorError):
    """There was no response: the request may or may not have been performed."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Reply:
    """A response. ``retry_after``: seconds, if it says so."""

    status: int
    text: str
    retry_after: float | None

    @property
    def json(self) -> Mapping[str, Any]:
        """Its JSON object; empty if it is something else."""
        try:
            said = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


def is_local(url: str) -> bool:
    """Whether ``url`` is on this machine. Raises UsageError if a token must not be sent there."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc:
        return False
    if parts.scheme == "http" and parts.hostname and _loopback(parts.hostname):
        return True
    raise UsageError(f"--url: expected https://…, so that nobody can intercept the token, got {url!r}")


def post(url: str, body: Mapping[str, Any], token: str | None) -> Reply:
    """The response. Raises LostAnswerError if there is none, OrchestratorError if the server cannot be trusted."""
    return _sent(url, "POST", json.dumps(body, default=str).encode(), token)


def get(url: str, token: str | None) -> Reply:
    """The response to a GET. Raises the same."""
    return _sent(url, "GET", None, token)


def _sent(url: str, method: str, data: bytes | None, token: str | None) -> Reply:
    local = is_local(url)
    headers = {"User-Agent": "orchestrator", **({"Content-Type": "application/json"} if data is not None else {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    handlers: list[urllib.request.BaseHandler] = [_Stay()]
    if local:
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT) as answer:
            return _read(answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error)
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise OrchestratorError(f"{url}: its certificate is not trusted: {cause.verify_message}") from error
        raise LostAnswerError(f"{url} did not answer: {cause or type(cause).__name__}") from error


def _read(answer: Any) -> Reply:
    after = answer.headers.get("Retry-After") or ""
    text = answer.read(_LARGEST).decode(errors="replace")
    return Reply(int(answer.status), text, float(after) if after.isdecimal() else None)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would send the token along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
