"""The ID token for calling a deployed function. It is fetched here, sent by post.py, and never shown."""

import base64
import json
import re
import shutil
import subprocess
from typing import Any
from urllib.parse import urljoin

from orchestrator.errors import UsageError
from orchestrator.system.extras import install

#: Seconds for gcloud to print a token.
_TIMEOUT = 60

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")

WAYS = (
    "use a service account (GOOGLE_APPLICATION_CREDENTIALS, or one that is attached or impersonated), log in with"
    " 'gcloud auth login', or put a token into ORCHESTRATOR_ID_TOKEN"
)


def id_token(url: str, given: str | None) -> str:
    """A token for the function at ``url``; ``given``: one from ORCHESTRATOR_ID_TOKEN.

    User credentials cannot create one for our audience, but gcloud prints one that Cloud Run accepts. Raises UsageError
    with the possible ways if there is none.
    """
    if given is not None:
        if not _TOKEN.fullmatch(given.strip()):
            raise UsageError("ORCHESTRATOR_ID_TOKEN: expected a token, got characters that no token contains")
        return given.strip()
    audience, tried = urljoin(url, "/").rstrip("/"), []  # Cloud Run: the service's own address, without a path
    for source in (_of_environment, _of_gcloud):
        token, why = source(audience)
        if token:
            return token
        tried.append(why)
    raise UsageError(f"no identity to call {audience} with ({'; '.join(tried)}): {WAYS}")


def email_of(token: str) -> str | None:
    """The e-mail address in a token, for display only: nothing is verified."""
    try:
        payload = token.split(".")[1]
        said: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        email = said.get("email")
    except (ValueError, IndexError, AttributeError):
        return None
    return email if isinstance(email, str) else None


def member_of(email: str | None) -> str:
    """The IAM member for an e-mail address."""
    if email is None:
        return "user:YOU"
    return f"{'serviceAccount' if email.endswith('.gserviceaccount.com') else 'user'}:{email}"


def _of_environment(audience: str) -> tuple[str, str]:
    """The token of a service account: by a key, by the metadata server, or impersonated. Otherwise, the reason."""
    try:
        import google.auth
        from google.auth import compute_engine, exceptions, impersonated_credentials
        from google.auth.transport.requests import Request
        from google.oauth2 import id_token as google_tokens
        from google.oauth2 import service_account
    except ModuleNotFoundError:
        return "", f"Google's clients are not installed: {install('cloud')}"
    try:
        found, _ = google.auth.default()
        if isinstance(found, impersonated_credentials.Credentials):
            acting = impersonated_credentials.IDTokenCredentials(found, audience, include_email=True)  # type: ignore[no-untyped-call]
            acting.refresh(Request())
            return str(acting.token), ""
        if isinstance(found, (service_account.Credentials, compute_engine.Credentials)):
            return str(google_tokens.fetch_id_token(Request(), audience)), ""  # type: ignore[no-untyped-call]
    except (exceptions.GoogleAuthError, OSError) as error:
        return "", str(error).splitlines()[0].rstrip(".")
    return "", "the default credentials are a person's"


def _of_gcloud(audience: str) -> tuple[str, str]:
    """The token of the account in gcloud: a user's is for gcloud itself, a service account's for ``audience``."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return "", "gcloud is not installed"
    token, why = _printed([gcloud, "auth", "print-identity-token"])
    if (email_of(token) or "").endswith(".gserviceaccount.com"):
        token, why = _printed([gcloud, "auth", "print-identity-token", f"--audiences={audience}"])
    return token, why


def _printed(command: list[str]) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"gcloud: {error}"
    token = done.stdout.strip()
    if done.returncode == 0 and _TOKEN.fullmatch(token):
        return token, ""
    said = sorted(done.stderr.strip().splitlines(), key=lambda line: not line.startswith("ERROR"))  # after warnings
    return "", f"gcloud: {said[0] if said else f'exit code {done.returncode}'}"
