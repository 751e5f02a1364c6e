"""The adapters of each port. A new adapter joins the contract suites by one entry here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.home.database import Database
from orchestrator.ports import Store
from orchestrator.queues.local import LocalQueue
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore.store import FirestoreStore, connect
from orchestrator.stores.sqlite.store import SqliteStore
from tests.doubles.memory_store import MemoryStore


@pytest.fixture
def firestore(firestore_host: str, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreStore]:
    """An empty store."""
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    store = connect(project, "(default)")
    yield store
    store.close()


@pytest.fixture
def forgetful(firestore: FirestoreStore) -> FirestoreStore:
    """A store that keeps runs for a day after their end. The emulator itself deletes nothing."""
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
