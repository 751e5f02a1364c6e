"""A receiver of notifications: a real HTTP server on this machine that answers, fails, hangs, redirects or closes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Besides status codes: no answer until the end, half of one, an answer byte by byte, and none at all.
HANG, HALF, DRIP, CLOSE = "hang", "half", "drip", "close"


@dataclass
class Webhook:
    """``answers``: how the next calls are answered, and then always with the last of them."""

    url: str = ""
    answers: list[int | str] = field(default_factory=lambda: [204])
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    def answer(self) -> int | str:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def webhook(*answers: int | str) -> Iterator[Webhook]:
    """A server that is up inside the block."""
    hook = Webhook(answers=list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.paths.append(self.path)
            hook.headers.append({name.lower(): value for name, value in self.headers.items()})
            hook.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            match hook.answer():
                case int(status):
                    self.send_response(status)
                    self.send_header("Location", f"{hook.url}/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                case "hang":
                    hook.over.wait()
                case "half":
                    self.wfile.write(b"HTTP/1.1 20")
                case "drip":
                    for letter in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000:
                        if hook.over.wait(0.05):
                            break
                        try:
                            self.wfile.write(bytes([letter]))
                        except OSError:
                            break
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hook
    finally:
        hook.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
