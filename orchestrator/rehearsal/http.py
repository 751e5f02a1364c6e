"""Posts JSON to a server on this machine."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import OrchestratorError


def post(url: str, body: Mapping[str, Any], verb: str = "POST") -> bytes:
    """The body of the response. Raises OrchestratorError if there is none, or with its text if it is not 2xx."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        with error:
            raise OrchestratorError(f"{url}: {error.code}: {_said(error.read())}") from error
    except (OSError, http.client.HTTPException) as error:
        raise OrchestratorError(f"{url}: no response: {getattr(error, 'reason', error)}") from error


def _said(answer: bytes) -> str:
    """The message in a response: the errors of ``start``, or else its text."""
    text = answer.decode(errors="replace").strip()
    try:
        return "\n".join(map(str, json.loads(text)["errors"]))
    except (ValueError, LookupError, TypeError):
        return text
