"""A fake of Google Dataflow on this machine: an HTTP server that the real client can call like the real API.

Every request and every response is checked against the discovery document in the client's package. ``rehearse`` and
users' tests use it.
"""

import tempfile
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from orchestrator.fakes.dataflow.lifecycle import Emit
from orchestrator.fakes.dataflow.schema import Method, methods, misfits
from orchestrator.fakes.dataflow.script import Canned, Fault, LaunchCall, RefusedError, Script
from orchestrator.fakes.dataflow.service import Service
from orchestrator.fakes.rest import Server, read, route


def _plain(_: LaunchCall) -> Script:
    return Script()


def _nobody(_kind: str, _body: dict[str, Any]) -> None:
    pass


class FakeDataflow:
    """``with FakeDataflow() as fake:`` serves at ``fake.url`` until the end of the block.

    ``script`` decides how each job proceeds; ``emit`` is called with what Google would send. Seconds are divided by
    ``time_scale``. ``latency``: from a launch to its response. ``lag``: until jobs.get and jobs.list show a new state.
    ``appear``: until they show a new job. ``message_lag``: until messages are listed. ``max_jobs``: how many may be
    active at once. ``templates``: those that exist; None for any. ``chaos`` may return a Fault for each call, given the
    method's name, such as ``flexTemplates.launch``.

    ``launches`` counts the jobs of each name, ``calls`` the requests of each method. ``misfits`` lists responses of the
    fake itself that violate the discovery document: if it is not empty, the fake is wrong.
    """

    def __init__(
        self,
        script: Callable[[LaunchCall], Script] = _plain,
        emit: Emit = _nobody,
        *,
        project: str = "rehearsal",
        port: int = 0,
        time_scale: float = 1.0,
        latency: float = 0.0,
        lag: float = 0.0,
        appear: float = 0.0,
        message_lag: float = 0.0,
        max_jobs: int = 1000,
        templates: Collection[str] | None = None,
        chaos: Callable[[str], Fault | None] = lambda _: None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dataflow-fake-")
        self._latency = latency / time_scale
        self._chaos = chaos
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._over = threading.Event()
        self.service = Service(
            project,
            script,
            emit,
            Path(self._folder.name),
            time_scale=time_scale,
            lag=lag,
            appear=appear,
            message_lag=message_lag,
            max_jobs=max_jobs,
            templates=templates,
        )
        self.calls: Counter[str] = Counter()
        self.misfits: list[str] = []
        self._server = Server(self.answer, port)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def launches(self) -> Counter[str]:
        return self.service.launches

    @property
    def active(self) -> list[str]:
        """The names of jobs that have not ended."""
        return [job.name for job in list(self.service.jobs.values()) if not job.ended]

    @property
    def streaming(self) -> list[str]:
        """The names of active jobs that run until they are stopped."""
        return [job.name for job in list(self.service.jobs.values()) if not job.ended and job.script.streaming]

    def fail(self, method: str, *faults: Fault) -> None:
        """Give the next calls of ``method`` (``flexTemplates.launch``, ``jobs.get``…) these faults, one each."""
        self._faults[method].extend(faults)

    def move(self, name: str, state: str, *errors: str, **fields: Any) -> None:
        """Put the newest job with this name or id into a state now: ``fake.move("orders--…", "FAILED", "why")``."""
        self.service.move(name, state, *errors, **fields)

    def start(self) -> None:
        self.service.start()
        self._server.start()

    def stop(self) -> None:
        """Stop serving, and end the programs of jobs."""
        self._over.set()
        self._server.stop()
        self.service.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, verb: str, target: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        """The response to a request: its status and body, or None if it is lost."""
        url = urlsplit(target)
        try:
            method, where = route(methods(), verb, url.path.removeprefix("/"))
        except RefusedError as error:
            return error.http, error.body()
        self.calls[method.name] += 1
        queue = self._faults[method.name]
        fault = queue.popleft() if queue else self._chaos(method.name)
        if fault == "lost call":
            return None
        if isinstance(fault, Canned):
            return fault.http, dict(fault.said)
        try:
            if isinstance(fault, RefusedError):
                raise fault
            result = self._do(method, where, dict(parse_qsl(url.query)), body)
        except RefusedError as error:
            return error.http, error.body()
        self.misfits += misfits(method.response, result)
        return None if fault == "lost answer" else (200, result)

    def _do(self, method: Method, where: Mapping[str, str], query: dict[str, str], body: bytes) -> dict[str, Any]:
        said = read(method, query, body, misfits)
        region, job = where.get("location", ""), where.get("jobId", "")
        match method.name:
            case "flexTemplates.launch" | "templates.launch":
                launched = self.service.launch(_call(region, said, query))
                self._over.wait(self._latency)
                return launched
            case "jobs.get":
                return _part(self.service.get(region, job, query.get("view", "")), query.get("fields"))
            case "jobs.list":
                return self.service.list(region, query)
            case "jobs.aggregated":
                return self.service.list(None, query)
            case "jobs.update":
                return self.service.update(region, job, said)
            case "jobs.getMetrics":
                return self.service.metrics(region, job)
            case "jobs.messages.list":
                return self.service.messages(region, job, query)
            case name:
                raise RefusedError(501, "UNIMPLEMENTED", f"The fake has no {name}.")


def _part(found: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """The requested fields of the first level; all if none are requested."""
    return found if fields is None else {key: value for key, value in found.items() if key in fields.split(",")}


def _call(region: str, said: Mapping[str, Any], query: Mapping[str, str]) -> LaunchCall:
    """A launch of a Flex template or of a classic one."""
    classic = "launchParameter" not in said
    launch = said if classic else said["launchParameter"]
    template = query.get("gcsPath", "") if classic else launch.get("containerSpecGcsPath", "")
    if not template:
        raise RefusedError(400, "INVALID_ARGUMENT", "A template is required.", "badRequest")
    name, given = launch.get("jobName", ""), launch.get("parameters", {})
    return LaunchCall(name, region, template, classic, given, launch.get("environment", {}))
