"""Posts JSON to a server of this machine."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import OrchestratorError


def post(url: str, body: Mapping[str, Any], verb: str = "POST") -> bytes:
    """The body of the answer. Raises OrchestratorError if none comes, or with its text if it is none of 2xx."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        with error:
            raise OrchestratorError(f"{url}: {error.code}: {_said(error.read())}") from error
    except (OSError, http.client.HTTPException) as error:
        raise OrchestratorError(f"{url}: no answer: {getattr(error, 'reason', error)}") from error


def _said(answer: bytes) -> str:
    """What an answer says to people: the sentences of ``start``, or else its text."""
    text = answer.decode(errors="replace").strip()
    try:
        return "\n".join(map(str, json.loads(text)["errors"]))
    except (ValueError, LookupError, TypeError):
        return text
