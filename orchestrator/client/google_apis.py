"""Read-only access to Google's REST APIs, for ``doctor`` and ``start``. Thread-safe.

As in jobs/dataflow/http.py, an Http is used by one call at a time: two threads on one would get each other's responses.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httplib2
from google.auth.exceptions import GoogleAuthError
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from orchestrator.client.credentials import TIMEOUT, anonymous, of_environment
from orchestrator.errors import OrchestratorError
from orchestrator.jobs.dataflow.answers import FOREIGN, sentence

for name in ("googleapiclient", "google.auth"):  # the errors that they raise say the same
    logging.getLogger(name).addHandler(logging.NullHandler())

Body = Mapping[str, Any]

#: How many pages of a list are read; if there are more, that is an error.
MAX_PAGES = 50


@dataclass(frozen=True, slots=True)
class Call:
    """A read-only method. ``name``: the parameter for the resource. ``permission``: the one it needs, which ``role``
    has. ``narrow``: the scope cloud-platform.read-only is enough. ``more``: arguments of every call."""

    api: str
    version: str
    method: str
    name: str
    permission: str
    role: str = "roles/viewer"
    narrow: bool = False
    more: Mapping[str, Any] | None = None


class AskError(OrchestratorError):
    """No response about ``name``, or an error. ``status``: of HTTP, 0 for no response. ``disabled``: the API is off."""

    def __init__(self, call: Call, name: str, status: int, said: str, disabled: bool = False) -> None:
        self.call, self.name, self.status, self.said, self.disabled = call, name, status, said, disabled
        super().__init__(f"cannot read {name} ({call.permission}): {said}")


class Apis:
    """The APIs as the caller's application default credentials see them.

    ``endpoint``: a fake on this machine instead of Google; it gets no credentials. User credentials without a quota
    project use ``project``. Raises UsageError if no credentials work.
    """

    def __init__(self, project: str, endpoint: str | None = None) -> None:
        self._endpoint = endpoint.rstrip("/") if endpoint else None
        self._lock = threading.Lock()
        self._services: dict[str, Any] = {}
        self._methods: dict[tuple[str, str], Any] = {}
        self._idle: dict[bool, list[Any]] = {True: [], False: []}
        self._credentials = anonymous() if endpoint else of_environment(project)

    def ask(self, call: Call, name: str, **more: Any) -> Body:
        """The response for the resource ``name``. Raises AskError."""
        with _asking(call, _shown(call, name, more)):
            request = self._method(call)(**{call.name: name}, **(call.more or {}), **more)
            with self._transport(call.narrow) as transport:
                answer = request.execute(http=transport, num_retries=0)
            if not isinstance(answer, dict):
                raise ValueError(f"expected a JSON object, got {answer!r:.100}")  # noqa: TRY004 - as of a bad JSON
        return answer

    def pages(self, call: Call, name: str, **more: Any) -> Iterator[Body]:
        """All pages of a list. Raises AskError, also if there are more than MAX_PAGES of them."""
        token: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = self.ask(call, name, **more, **token)
            yield page
            if not page.get("nextPageToken"):
                return
            token = {"pageToken": page["nextPageToken"]}
        raise AskError(call, _shown(call, name, more), 0, f"the list has more than {MAX_PAGES} pages")

    def download(self, call: Call, bucket: str, name: str) -> bytes:
        """The content of an object in Cloud Storage. ``call`` is the one that gets its metadata. Raises AskError."""
        shown = _shown(call, name, {"bucket": bucket})
        with _asking(call, shown), self._transport(call.narrow) as transport:
            data = self._method(call, "_media")(bucket=bucket, object=name).execute(http=transport, num_retries=0)
        return bytes(data)

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for transport in self._idle[True] + self._idle[False]:
                transport.close()
            self._idle = {True: [], False: []}

    def _method(self, call: Call, ending: str = "") -> Any:
        """What makes requests of a method. It is kept: Google's client makes a whole collection anew at each call."""
        name = call.method + ending
        with self._lock:
            if (call.api, name) not in self._methods:
                self._methods[call.api, name] = self._find(call, name)
            return self._methods[call.api, name]

    def _find(self, call: Call, name: str) -> Any:
        if call.api not in self._services:
            self._services[call.api] = self._build(call)
        at = self._services[call.api]
        *path, method = name.split(".")
        for part in path:
            at = getattr(at, part)()
        return getattr(at, method)

    def _build(self, call: Call) -> Any:
        inside = "storage/v1/" if call.api == "storage" else ""  # the one whose methods' paths do not begin with it
        return build(
            call.api,
            call.version,
            http=httplib2.Http(),  # never used: every call brings its own
            static_discovery=True,
            cache_discovery=False,
            client_options={"api_endpoint": f"{self._endpoint}/{call.api}/{inside}"} if self._endpoint else None,
        )

    @contextmanager
    def _transport(self, narrow: bool) -> Iterator[Any]:
        """An Http that no other thread uses at the same time."""
        with self._lock:
            idle = self._idle[narrow]
            transport = idle.pop() if idle else None
        transport = transport or AuthorizedHttp(self._credentials[narrow], http=httplib2.Http(timeout=TIMEOUT))
        try:
            yield transport
        except BaseException:
            transport.close()  # its connection may be in the middle of a response
            raise
        with self._lock:
            self._idle[narrow].append(transport)


def _shown(call: Call, name: str, more: Mapping[str, Any]) -> str:
    """The resource's full name, since some methods take a part of it; for Cloud Storage, its gs:// URL."""
    if call.api == "storage":
        return f"gs://{more['bucket']}/{name}" if "bucket" in more else f"gs://{name}"
    return name if "/" in name else f"projects/{name}"


@contextmanager
def _asking(call: Call, name: str) -> Iterator[None]:
    try:
        yield
    except HttpError as error:
        raise AskError(call, name, int(error.status_code), sentence(error), _disabled(error)) from error
    except GoogleAuthError as error:
        raise AskError(call, name, 401, str(error)) from error
    except FOREIGN as error:
        raise AskError(call, name, 0, f"{type(error).__name__}: {error}") from error


def _disabled(error: HttpError) -> bool:
    """Whether the API itself is disabled: newer responses give a reason, older ones only a text."""
    try:
        said = json.loads(error.content)["error"]
        reasons = {detail.get("reason") for detail in said.get("details", ())}
        return error.status_code == 403 and (
            "SERVICE_DISABLED" in reasons or "before or it is disabled" in said["message"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
