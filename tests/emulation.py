"""Google's emulators for tests: one process of each kind in a session, even if xdist spreads it over workers.

The process that leads the session starts an emulator when a test first asks for it, and stops it at the end. Workers
ask the leader over a local socket. An emulator is on a leash, so it does not outlive the leader, even if that is
killed. Each test uses a project of its own, and no project sees another's documents.
"""

import os
from contextlib import ExitStack
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from threading import Lock, Thread
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import NotFoundError, OrchestratorError

if TYPE_CHECKING:
    from orchestrator.rehearsal.emulators import Kind

#: Whatever else connects to the leader's port gets no answer.
_KEY = b"the emulators of a test session"

#: Where a worker finds the leader, in its ``workerinput``.
_ADDRESS = "emulators"


def emulated(*kinds: "Kind") -> None:
    """Skips the test, with the reason, where an emulator is not installed; fails it if REQUIRE_EMULATORS=1."""
    from orchestrator.rehearsal import emulators  # it imports Google's clients, which most tests do not need

    try:
        for kind in kinds or (emulators.FIRESTORE, emulators.PUBSUB):
            emulators.command(kind)
    except NotFoundError as error:
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


class Emulators:
    """The emulators of a session, each started when it is first asked for. ``close`` stops them."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._hosts: dict[str, str] = {}
        self._lock = Lock()
        self._listener: Listener | None = None

    def host(self, kind: "Kind") -> str:
        """The ``host:port`` of an emulator. Raises OrchestratorError if it does not start."""
        from orchestrator.rehearsal import emulators

        with self._lock:
            if kind.name not in self._hosts:
                self._hosts[kind.name] = self._running.enter_context(emulators.running(kind))
            return self._hosts[kind.name]

    def address(self) -> tuple[str, int]:
        """Where workers ask for a host. Begins to listen there."""
        if self._listener is None:
            self._listener = Listener(("127.0.0.1", 0), authkey=_KEY)
            Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        host, port = self._listener.address
        return str(host), int(port)

    def close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        with self._lock:
            self._running.close()
            self._hosts.clear()

    def _serve(self, listener: Listener) -> None:
        while listener is self._listener:
            try:
                with listener.accept() as worker:
                    worker.send(self._answer(worker.recv()))
            except (OSError, EOFError, AuthenticationError):
                continue  # one who asked has gone, or the listener was closed

    def _answer(self, kind: "Kind") -> str | OrchestratorError:
        try:
            return self.host(kind)
        except OrchestratorError as error:
            return error


_EMULATORS = pytest.StashKey[Emulators]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_EMULATORS] = Emulators()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_EMULATORS].close()


@pytest.hookimpl(optionalhook=True)  # it is xdist's: the leader tells a worker where to find it
def pytest_configure_node(node: object) -> None:
    node.workerinput[_ADDRESS] = node.config.stash[_EMULATORS].address()  # type: ignore[attr-defined]


def host_of(kind: "Kind", config: pytest.Config) -> str:
    """The ``host:port`` of the session's emulator. Skips the test where it is not installed (``emulated``)."""
    emulated(kind)
    told = getattr(config, "workerinput", {})
    if _ADDRESS not in told:
        return config.stash[_EMULATORS].host(kind)
    with Client(told[_ADDRESS], authkey=_KEY) as leader:
        leader.send(kind)
        answer = leader.recv()
    if isinstance(answer, OrchestratorError):
        raise answer
    return str(answer)
