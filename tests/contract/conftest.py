"""The variants of each port. A new adapter joins the suites by one entry here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ports import Store
from orchestrator.queues.local import LocalQueue
from orchestrator.sqlite import Database
from orchestrator.stores.memory import MemoryStore
from orchestrator.stores.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite", "sqlite in memory", "sqlite, safe against power cuts"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
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
