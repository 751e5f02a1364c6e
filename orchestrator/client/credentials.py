"""The caller's application default credentials for Google's APIs, tried once before the first call."""

import warnings
from collections.abc import Mapping
from typing import Any

import google.auth
import google.oauth2.credentials
import httplib2
from google.auth.credentials import AnonymousCredentials, with_scopes_if_required
from google.auth.exceptions import GoogleAuthError
from google_auth_httplib2 import Request

from orchestrator.errors import UsageError

#: Seconds to wait for a connection, or for an answer.
TIMEOUT = 30.0

LOGIN = "gcloud auth application-default login"

_SCOPES = "https://www.googleapis.com/auth/"


def anonymous() -> Mapping[bool, Any]:
    """Anonymous credentials, for a fake: real ones would be sent to it in the clear."""
    return {narrow: AnonymousCredentials() for narrow in (True, False)}  # type: ignore[no-untyped-call]


def of_environment(project: str) -> Mapping[bool, Any]:
    """The credentials with the scope cloud-platform.read-only (True) and with cloud-platform (False).

    A user's credentials keep their scopes; without a quota project, they get ``project``. Raises UsageError if no
    credentials work.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # user credentials without a quota project: they get one below
            found, _ = google.auth.default()
        if isinstance(found, google.oauth2.credentials.Credentials) and found.quota_project_id is None:
            found = found.with_quota_project(project)
        wide, narrow = (_scoped(found, scope) for scope in ("cloud-platform", "cloud-platform.read-only"))
        for credentials in {id(wide): wide, id(narrow): narrow}.values():
            credentials.refresh(Request(httplib2.Http(timeout=TIMEOUT)))  # once, and not by each thread
    except GoogleAuthError as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"found no working Google credentials: {said}: log in with '{LOGIN}'") from error
    return {True: narrow, False: wide}


def _scoped(credentials: Any, scope: str) -> Any:
    return with_scopes_if_required(credentials, [_SCOPES + scope])  # type: ignore[no-untyped-call]
