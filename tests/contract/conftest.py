"""The variants of each port. A new adapter joins the suites by one entry here."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.home.database import Database
from orchestrator.ports import Store
from orchestrator.queues.local import LocalQueue
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore.store import FirestoreStore, connect
from orchestrator.stores.sqlite import SqliteStore
from tests.doubles.memory_store import MemoryStore
from tests.emulation import emulated

_PROJECTS = itertools.count()


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    """Google's emulator, once for all tests. Where it is not installed they skip, unless REQUIRE_EMULATORS=1."""
    emulated(emulators.FIRESTORE)
    with emulators.running(emulators.FIRESTORE) as host:
        yield host


@pytest.fixture
def firestore(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreStore]:
    """An empty store: projects know nothing of each other, so each test has its own."""
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    store = connect(f"test-{next(_PROJECTS)}", "(default)")
    yield store
    store.close()


@pytest.fixture
def forgetful(firestore: FirestoreStore) -> FirestoreStore:
    """One that keeps runs for a day after their end; the emulator deletes nothing by itself."""
    firestore._retention = 86_400.0
    return firestore


STORES = ["memory", "sqlite", "sqlite in memory", "sqlite, safe against power cuts", "firestore", "forgetful"]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param in ("firestore", "forgetful"):
        yield request.getfixturevalue(request.param)
        return
    path = ":memory:" if request.param == "sqlite in memory" else tmp_path / "store.db"
    database = Database(path, durable="power" in request.param)
    yield SqliteStore(database)
    database.close()


@pytest.fixture(params=["local", "local in memory"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalQueue]:
    database = Database(tmp_path / "queue.db" if request.param == "local" else ":memory:")
    yield LocalQueue(database)
    database.close()
