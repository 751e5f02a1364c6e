"""A deployment for each test, in a project of its own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests.functions.cloud import Cloud, cloud_of


@pytest.fixture
def cloud(firestore_host: str, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A deployment on the emulator and the fakes."""
    with cloud_of(project, firestore_host, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def signals_only(project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A deployment whose Firestore does not answer: for what must not need it."""
    with cloud_of(project, None, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def served(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the function ``start`` of ``cloud``."""
    monkeypatch.delenv("ORCHESTRATOR_ID_TOKEN", raising=False)
    server = make_server("127.0.0.1", 0, cloud.app("start"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
