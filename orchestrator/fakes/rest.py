"""What the fakes of Google's REST APIs share: reading and refusing requests, and a server of JSON."""

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from orchestrator.fakes.discovery import Method

log = logging.getLogger(__name__)

#: The query parameters, common to all Google APIs, that Google's clients send.
_COMMON = frozenset({"alt", "fields", "key", "prettyPrint", "quotaUser"})

#: An HTTP status and a body, as JSON data or as bytes; None if the response is lost.
Answer = tuple[int, Mapping[str, Any] | bytes] | None

#: Called with verb, path with query, and body; returns the response.
Answering = Callable[[str, str, bytes], Answer]


class RefusedError(Exception):
    """A call that gets an error: its HTTP status, google.rpc status, reason, text and details."""

    def __init__(
        self, http: int, status: str, message: str, reason: str = "", details: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.http = http
        self.status = status
        self.message = message
        self.reason = reason
        self.details = tuple(details)

    def body(self) -> dict[str, Any]:
        """The response in Google's format."""
        error: dict[str, Any] = {"code": self.http, "message": self.message, "status": self.status}
        if self.reason:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}


def no_method() -> RefusedError:
    return RefusedError(404, "NOT_FOUND", "Method not found.")


def route(methods: Iterable[Method], verb: str, path: str) -> tuple[Method, Mapping[str, str]]:
    """The method that a request calls, and the parameters in its path. Raises RefusedError if there is none."""
    for method in methods:
        if method.verb == verb and (match := method.pattern.fullmatch(path)):
            return method, {key: unquote(value) for key, value in match.groupdict().items()}
    raise no_method()


def read(
    method: Method, query: Mapping[str, str], body: bytes, misfits: Callable[[str, Any], Iterable[str]]
) -> dict[str, Any]:
    """The body of a request. Raises RefusedError, as Google, if it or the query violates the discovery document."""
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


class Server(ThreadingHTTPServer):
    """Serves the responses of ``answer`` on the loopback interface, from ``start`` to ``stop``.

    Its threads are daemons. Nagle's algorithm is off, because with it a small response takes 44 ms.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Answering, port: int = 0) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the connections that clients keep open, or their threads would wait for ever."""
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        log.debug("a client of the fake went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer(self.command, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        status, said = answer
        raw = isinstance(said, bytes)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if raw else "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        log.debug(format, *args)
