"""The calls of the Dataflow API that a backend makes. Thread-safe; every call has a timeout and is made once.

If a connection is closed before a response arrives, httplib2 sends the request again by itself, even a POST; and
threads that share an Http get each other's responses (docs/cursed.md). So a read borrows an Http from a pool, and a
launch uses its own Http with a connection that never sends twice.
"""

import http.client
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import google.auth
import httplib2
from google.auth.credentials import AnonymousCredentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build

from orchestrator.errors import AmbiguousLaunchError, BackendError
from orchestrator.jobs.dataflow.answers import asking, launching
from orchestrator.jobs.dataflow.states import Body

log = logging.getLogger(__name__)

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

#: How many pages of a list are read. In a filtered list, an empty page need not be the last one.
MAX_PAGES = 200

#: The fields to read of a job. Only the full view says what replaced it, and the full view can have megabytes of steps.
_FIELDS = "id,name,type,currentState,currentStateTime,createTime,replacedByJobId,replaceJobId,labels"

#: If there are too many messages to read them all, those of the last seconds before the job's end, this many, are read
#: in addition.
_LAST_WORDS = 600.0


class Api:
    """Dataflow's regional methods for one project. ``timeout``: seconds to wait for a connection, or for an answer."""

    def __init__(self, project: str, endpoint: str | None, credentials: Any | None, timeout: float) -> None:
        self._project = project
        self._options = {"api_endpoint": endpoint} if endpoint else None
        self._credentials = credentials
        self._timeout = timeout
        self._lock = threading.Lock()
        self._built: _Methods | None = None
        self._idle: list[Any] = []

    def launch(self, region: str, name: str, body: dict[str, Any], classic: str | None) -> Body:
        """Launch a classic template at the path ``classic``, or a Flex template, and return the job.

        Raises LaunchRefusedError, AmbiguousLaunchError or BackendError.
        """
        with launching(name):
            methods = self._methods()
            where = {"projectId": self._project, "location": region, "body": body}
            if classic is None:
                request = methods.flex.launch(**where)
            else:
                request = methods.templates.launch(**where, gcsPath=classic)
            transport = self._authorized(_Once(timeout=self._timeout))
            try:
                answer = request.execute(http=transport, num_retries=0)
            finally:
                transport.close()
        job = answer.get("job", {}) if isinstance(answer, dict) else {}
        if not job.get("id") or job.get("name", name) != name:
            raise AmbiguousLaunchError(f"the answer to the launch of {name} names no job of that name: {answer!r:.300}")
        return dict(job)

    def get(self, region: str, job: str) -> Body:
        """The current job, and what replaced it. Raises AnswerError, or BackendError."""
        with asking(f"cannot see job {job} in {region}"):
            where = {**self._of(region, job), "view": "JOB_VIEW_ALL", "fields": _FIELDS}
            found = self._ask(self._methods().jobs.get(**where))
        if found.get("id") != job:
            raise BackendError(f"asked for job {job} in {region}, got {found.get('id')!r}")
        return found

    def named(self, region: str, name: str) -> list[Body]:
        """The jobs of that name, in every state. Raises BackendError if some may be missing.

        If there are more than MAX_PAGES pages, those on the pages that were read, if there are any.
        """
        where = {"projectId": self._project, "location": region, "name": name, "filter": "ALL"}
        with asking(f"cannot list the jobs called {name} in {region}"):
            listed, whole = self._pages(self._methods().jobs, where, "jobs")
        found = [job for job in listed if job.get("name") == name and job.get("id")]
        if not found and not whole:
            raise BackendError(f"Dataflow lists more than {MAX_PAGES} pages of jobs, and none of them is called {name}")
        return found

    def active(self) -> list[Body]:
        """All jobs of the project that have not ended, in all regions. Raises BackendError if some may be missing."""
        where = {"projectId": self._project, "filter": "ACTIVE"}
        with asking(f"cannot list the jobs of {self._project}"):
            listed, whole = self._pages(self._methods().everywhere, where, "jobs", "aggregated")
        if not whole:
            raise BackendError(f"Dataflow lists more than {MAX_PAGES} pages of jobs of {self._project}")
        return [job for job in listed if job.get("id") and job.get("name") and job.get("location")]

    def update(self, region: str, job: str, body: dict[str, Any]) -> None:
        """Ask for another state. Raises AnswerError, or BackendError."""
        with asking(f"cannot stop job {job} in {region}"):
            self._ask(self._methods().jobs.update(**self._of(region, job), body=body))

    def metrics(self, region: str, job: str) -> list[Body]:
        """The job's metrics. Raises AnswerError, or BackendError."""
        with asking(f"cannot read the metrics of job {job} in {region}"):
            return list(self._ask(self._methods().jobs.getMetrics(**self._of(region, job))).get("metrics", ()))

    def errors(self, region: str, job: str, ended: float) -> list[str]:
        """The job's error messages, the oldest first. Raises AnswerError, or BackendError.

        If there are more than MAX_PAGES pages, those on the first pages and those about its end.
        """
        where = {**self._of(region, job), "minimumImportance": "JOB_MESSAGE_ERROR"}
        with asking(f"cannot read the messages of job {job} in {region}"):
            found, whole = self._pages(self._methods().messages, where, "jobMessages")
            if not whole:
                since = datetime.fromtimestamp(ended - _LAST_WORDS, UTC).isoformat().replace("+00:00", "Z")
                found += self._pages(self._methods().messages, {**where, "startTime": since}, "jobMessages")[0]
        return [str(message["messageText"]) for message in found if message.get("messageText")]

    def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for transport in idle:
            transport.close()

    def _of(self, region: str, job: str) -> dict[str, Any]:
        return {"projectId": self._project, "location": region, "jobId": job}

    def _pages(self, resource: Any, where: dict[str, Any], key: str, method: str = "list") -> tuple[list[Body], bool]:
        """The content of the first MAX_PAGES pages of a list, and whether that is all."""
        found: list[Body] = []
        request = getattr(resource, method)(**where)
        for _ in range(MAX_PAGES):
            answer = self._ask(request)
            if answer.get("failedLocation"):
                raise BackendError(f"Dataflow could not list everything: {answer['failedLocation']!r:.300}")
            found += answer.get(key, ())
            request = getattr(resource, f"{method}_next")(request, answer)
            if request is None:
                return found, True
        log.warning("Dataflow lists more than %d pages of %s: only these are read", MAX_PAGES, key)
        return found, False

    def _ask(self, request: Any) -> Body:
        with self._transport() as transport:
            answer = request.execute(http=transport, num_retries=0)
        if not isinstance(answer, dict):
            raise BackendError(f"expected a JSON object from Dataflow, got {answer!r:.100}")
        return answer

    @contextmanager
    def _transport(self) -> Iterator[Any]:
        """An Http for exclusive use."""
        with self._lock:
            transport = self._idle.pop() if self._idle else None
        transport = transport or self._authorized(httplib2.Http(timeout=self._timeout))
        try:
            yield transport
        except BaseException:
            transport.close()  # its connection may be in the middle of something
            raise
        with self._lock:
            self._idle.append(transport)

    def _authorized(self, transport: Any) -> Any:
        with self._lock:
            if self._credentials is None:
                self._credentials = self._of_environment()
        return AuthorizedHttp(self._credentials, http=transport)

    def _of_environment(self) -> Any:
        """The credentials of the environment; none for a server without TLS, which is a fake."""
        if self._options and self._options["api_endpoint"].startswith("http:"):
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        return google.auth.default(scopes=[_SCOPE])[0]

    def _methods(self) -> "_Methods":
        with self._lock:
            if self._built is None:
                self._built = _build(self._options)
            return self._built


@dataclass(frozen=True, slots=True)
class _Methods:
    """The client's resources. Each takes 3 ms to make; they only build requests, so threads can share them."""

    flex: Any
    templates: Any
    jobs: Any
    messages: Any
    everywhere: Any


def _build(options: Mapping[str, str] | None) -> _Methods:
    service = build(
        "dataflow",
        "v1b3",
        http=httplib2.Http(),  # never used: every call brings its own
        static_discovery=True,
        cache_discovery=False,
        client_options=options,
    )
    projects = service.projects()
    places = projects.locations()
    jobs = places.jobs()
    return _Methods(places.flexTemplates(), places.templates(), jobs, jobs.messages(), projects.jobs())


class _Never:
    """A connection that reports a missing response in a way that keeps httplib2 from retrying."""

    def getresponse(self) -> Any:
        try:
            return super().getresponse()  # type: ignore[misc]
        except (http.client.BadStatusLine, http.client.ResponseNotReady) as error:
            raise ConnectionAbortedError(f"the connection was closed before an answer came ({error})") from error


class _Plain(_Never, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]
    pass


class _Secure(_Never, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]
    pass


class _Once(httplib2.Http):  # type: ignore[misc]
    """Sends each request once, and follows no redirection."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.follow_redirects = False

    def request(self, uri: str, *args: Any, **kwargs: Any) -> Any:
        kwargs["connection_type"] = _Secure if uri.startswith("https:") else _Plain
        return super().request(uri, *args, **kwargs)
