"""A stand-in for Google Dataflow on this machine: an HTTP server that the real client takes for the real API.

Every request and every answer is checked against the discovery document inside the client's package. It is a product:
``rehearse`` and users' tests run on it. It knows nothing of the engine.
"""

import contextlib
import json
import logging
import socket
import tempfile
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from orchestrator.standins.dataflow_life import Emit
from orchestrator.standins.dataflow_play import Canned, Fault, LaunchCall, Play, RefusedError
from orchestrator.standins.dataflow_schema import Method, methods, misfits
from orchestrator.standins.dataflow_service import Service

log = logging.getLogger(__name__)

#: Query parameters of every Google API that its clients send.
_COMMON = frozenset({"alt", "fields", "key", "prettyPrint", "quotaUser"})


def _plain(_: LaunchCall) -> Play:
    return Play()


def _nobody(_kind: str, _body: dict[str, Any]) -> None:
    pass


class DataflowStandIn:
    """``with DataflowStandIn() as double:`` serves at ``double.url`` until the end of the block.

    ``write`` says how each job goes; ``emit`` gets what Google would send. Seconds are divided by ``time_scale``.
    ``latency``: from a launch to its answer. ``lag``: until jobs.get and jobs.list know of a new state. ``appear``:
    until they know of a new job. ``message_lag``: until messages are listed. ``most_jobs``: active at once.
    ``templates``: those there are, None for any. ``chaos`` may give a Fault for each call, by its method's name, such
    as ``flexTemplates.launch``.

    ``launches`` counts the jobs made of each name, ``calls`` the requests of each method. ``misfits`` lists what the
    stand-in itself answered against the discovery document: it stays empty, or the stand-in is wrong.
    """

    def __init__(
        self,
        write: Callable[[LaunchCall], Play] = _plain,
        emit: Emit = _nobody,
        *,
        project: str = "rehearsal",
        port: int = 0,
        time_scale: float = 1.0,
        latency: float = 0.0,
        lag: float = 0.0,
        appear: float = 0.0,
        message_lag: float = 0.0,
        most_jobs: int = 1000,
        templates: Collection[str] | None = None,
        chaos: Callable[[str], Fault | None] = lambda _: None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dataflow-stand-in-")
        self._latency = latency / time_scale
        self._chaos = chaos
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._over = threading.Event()
        self.service = Service(
            project,
            write,
            emit,
            Path(self._folder.name),
            time_scale=time_scale,
            lag=lag,
            appear=appear,
            message_lag=message_lag,
            most_jobs=most_jobs,
            templates=templates,
        )
        self.calls: Counter[str] = Counter()
        self.misfits: list[str] = []
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def launches(self) -> Counter[str]:
        return self.service.launches

    @property
    def active(self) -> list[str]:
        """The names of the jobs that have not ended."""
        return [job.name for job in list(self.service.jobs.values()) if not job.ended]

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of ``method`` (``flexTemplates.launch``, ``jobs.get``…) meet these faults, one each."""
        self._faults[method].extend(faults)

    def move(self, name: str, state: str, *errors: str, **fields: Any) -> None:
        """Put the newest job of that name, or id, into a state now: ``double.move("orders--…", "FAILED", "why")``."""
        self.service.move(name, state, *errors, **fields)

    def start(self) -> None:
        self.service.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and end the programs of jobs."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
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
        """The answer to a request: its status and body, or None if no answer reaches whoever asked."""
        url = urlsplit(target)
        method, where = _route(verb, unquote(url.path))
        if method is None:
            return 404, RefusedError(404, "NOT_FOUND", "Method not found.").body()
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
        said = _read(method, query, body)
        region, job = where["location"], where.get("jobId", "")
        match method.name:
            case "flexTemplates.launch" | "templates.launch":
                launched = self.service.launch(_call(region, said, query))
                self._over.wait(self._latency)
                return launched
            case "jobs.get":
                return self.service.get(region, job, query.get("view", ""))
            case "jobs.list":
                return self.service.list(region, query)
            case "jobs.update":
                return self.service.update(region, job, said)
            case "jobs.getMetrics":
                return self.service.metrics(region, job)
            case "jobs.messages.list":
                return self.service.messages(region, job, query)
            case name:
                raise RefusedError(501, "UNIMPLEMENTED", f"The stand-in has no {name}.")


def _route(verb: str, path: str) -> tuple[Method | None, Mapping[str, str]]:
    for method in methods():
        if method.verb == verb and (match := method.pattern.fullmatch(path.removeprefix("/"))):
            return method, match.groupdict()
    return None, {}


def _read(method: Method, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The body of a request, if it and the query are as the discovery document says. Raises RefusedError as Google."""
    wrong = [
        f'Invalid JSON payload received. Unknown name "{key}": Cannot bind query parameter.'
        for key in query.keys() - method.query.keys() - _COMMON
    ]
    for key, schema in method.query.items():
        if "enum" in schema and key in query and query[key] not in schema["enum"]:
            wrong.append(f"Invalid value at '{key}' (enum), \"{query[key]}\"")
    try:
        said = json.loads(body) if body else {}
    except ValueError:
        said, wrong = {}, [*wrong, "Invalid JSON payload received. Unexpected token."]
    if method.request is not None:
        wrong += misfits(method.request, said)
    if wrong:
        raise RefusedError(400, "INVALID_ARGUMENT", "\n".join(wrong), "badRequest")
    return dict(said)


def _call(region: str, said: Mapping[str, Any], query: Mapping[str, str]) -> LaunchCall:
    """A launch in either form."""
    classic = "launchParameter" not in said
    launch = said if classic else said["launchParameter"]
    template = query.get("gcsPath", "") if classic else launch.get("containerSpecGcsPath", "")
    if not template:
        raise RefusedError(400, "INVALID_ARGUMENT", "A template is required.", "badRequest")
    name, given = launch.get("jobName", ""), launch.get("parameters", {})
    return LaunchCall(name, region, template, classic, given, launch.get("environment", {}))


class _Server(ThreadingHTTPServer):
    """Daemon threads, and answers that are not held back: a small one costs 44 ms otherwise."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], double: DataflowStandIn) -> None:
        self.double = double
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Hang up on clients that keep their connections, or their threads would wait for ever."""
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        log.debug("a client of the stand-in went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.double.answer(self.command, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        status, said = answer
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        log.debug(format, *args)
