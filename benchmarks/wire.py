"""The real Firestore client on an emulator, with its calls, reads and writes counted."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from orchestrator.rehearsal import emulators


class Wire(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Counts what the real client sends and receives: calls, documents read and written, and refused commits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.calls: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.reads = 0

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        outcome = continuation(details, request)
        with self._lock:
            method = details.method.rpartition("/")[2]
            self.calls[method] += 1
            if method == "Commit" and (error := outcome.exception()) is not None:
                self.refused[error.code().name] += 1
            elif method == "Commit":
                self.writes.update(write.update.name for write in request.writes)
        return outcome

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        with self._lock:
            method = details.method.rpartition("/")[2]
            self.calls[method] += 1
            if method == "BatchGetDocuments":
                self.reads += len(request.documents)  # a document that does not exist is billed too
                return continuation(details, request)
        assert method == "RunQuery", method
        return _Query(self, continuation(details, request))


class _Query:
    """The responses of a query, as they arrive. Each document is a read; a query without results costs one read."""

    def __init__(self, wire: Wire, call: Any) -> None:
        self._wire, self._call, self._found = wire, call, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def __iter__(self) -> "_Query":
        return self

    def __next__(self) -> Any:
        try:
            answer = next(self._call)
        except StopIteration:
            self._count(0 if self._found else 1)
            raise
        if answer.document.name:
            self._found += 1
            self._count(1)
        return answer

    def _count(self, reads: int) -> None:
        with self._wire._lock:
            self._wire.reads += reads


def connected(host: str, project: str) -> tuple[Client, Wire]:
    """The real client, connected to the emulator at ``host``. The environment must have its address, too."""
    client, wire = Client(project=project), Wire()
    channel = grpc.intercept_channel(grpc.insecure_channel(host), wire)
    client._transport = FirestoreGrpcTransport(channel=channel)
    client._firestore_api_internal = FirestoreClient(transport=client._transport)
    return client, wire


@contextmanager
def world() -> Iterator[tuple[Client, Wire]]:
    """A new emulator, warmed up, and the real client connected to it."""
    with emulators.running(emulators.FIRESTORE) as host:
        os.environ[emulators.FIRESTORE.variable] = host
        client, wire = connected(host, "bench")
        for number in range(300):
            client.document(f"warm/{number % 10}").set({"n": number})
            client.document(f"warm/{number % 10}").get()
        wire.reset()
        yield client, wire
        client.close()  # type: ignore[no-untyped-call]
