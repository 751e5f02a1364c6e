"""A bad line: what a real client's channel goes through, with the failures that a test lays out for it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport


class Failure(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "as told"

    def result(self, timeout: float | None = None) -> Any:
        raise self

    def trailing_metadata(self) -> tuple[()]:
        return ()


Fault = Callable[[Callable[[], Any]], Any]


def refuse(code: grpc.StatusCode) -> Fault:
    """The call does not arrive."""

    def fault(send: Callable[[], Any]) -> Any:
        raise Failure(code)

    return fault


def lose(code: grpc.StatusCode) -> Fault:
    """The call arrives, and its answer does not come back."""

    def fault(send: Callable[[], Any]) -> Any:
        send().result()
        raise Failure(code)

    return fault


class Line(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Counts the calls of each method, and gives the next ones the ``faults`` that are planned for the method.

    ``found``: how many documents came back from queries; each is billed as a read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.found = 0
        self.faults: dict[str, Iterator[Fault]] = {}

    def _call(self, continuation: Any, details: Any, request: Any) -> Any:
        method = details.method.rpartition("/")[2]
        with self._lock:
            self.calls[method] += 1
        fault = next(self.faults.get(method, iter(())), None)
        return fault(lambda: continuation(details, request)) if fault else continuation(details, request)

    intercept_unary_unary = _call

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        answer = self._call(continuation, details, request)
        return _Counted(answer, self) if details.method.endswith("/RunQuery") else answer

    def client(self, project: str, host: str) -> Client:
        """The real client, on this line to the emulator at ``host``."""
        client = Client(project=project)
        channel = grpc.intercept_channel(grpc.insecure_channel(host), self)
        client._transport = FirestoreGrpcTransport(channel=channel)
        client._firestore_api_internal = FirestoreClient(transport=client._transport)
        return client


class _Counted:
    """The stream of a query's answers, counted as they come."""

    def __init__(self, answers: Any, line: Line) -> None:
        self._answers = answers
        self._line = line

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        answer = next(self._answers)
        self._line.found += bool(answer.document.name)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)
