"""Publishes events to Pub/Sub topics, as CloudEvents in structured mode. Thread-safe; every call has a timeout.

https://github.com/google/knative-gcp/blob/main/docs/spec/pubsub-protocol-binding.md
"""

import base64
import json
import threading
from collections.abc import Mapping
from typing import Any

import google.auth
import httplib2
from google.auth.exceptions import GoogleAuthError
from google_auth_httplib2 import AuthorizedHttp

from orchestrator.errors import NotNotifiedError

_ADDRESS, _SCOPE = "https://pubsub.googleapis.com", "https://www.googleapis.com/auth/pubsub"

#: Seconds for a call, of which there is one for each notification.
TIMEOUT = 20.0


class Topics:
    """The topics that this process publishes to. ``endpoint``: ``host:port`` of an emulator, which needs no token."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._address = f"http://{endpoint}" if endpoint else _ADDRESS
        self._open = endpoint is not None
        self._lock = threading.Lock()
        self._credentials: Any = None

    def publish(self, topic: str, event: bytes, attributes: Mapping[str, str]) -> str:
        """Publish an event. Returns how that was answered. Raises NotNotifiedError."""
        message = {"data": base64.b64encode(event).decode(), "attributes": dict(attributes)}
        try:
            transport = self._transport()
            answer, _ = transport.request(
                f"{self._address}/v1/{topic}:publish",
                "POST",
                json.dumps({"messages": [message]}).encode(),
                {"Content-Type": "application/json"},
            )
            transport.close()
        except GoogleAuthError as error:
            raise NotNotifiedError(f"there are no credentials for Pub/Sub: {type(error).__name__}") from error
        except (OSError, httplib2.HttpLib2Error) as error:
            raise NotNotifiedError(f"Pub/Sub did not answer: {type(error).__name__}") from error
        status = int(answer.status)
        if status == 404:
            raise NotNotifiedError(f"there is no topic {topic}")
        if status == 403:
            raise NotNotifiedError(f"this account may not publish to {topic}: it needs roles/pubsub.publisher there")
        if status != 200:
            raise NotNotifiedError(f"Pub/Sub answered {status}")
        return f"published to {topic}"

    def _transport(self) -> Any:
        """A connection of this call's own: threads that share one get each other's answers (docs/cursed.md)."""
        http = httplib2.Http(timeout=TIMEOUT)
        if self._open:
            return http
        with self._lock:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[_SCOPE])
        return AuthorizedHttp(self._credentials, http=http)
