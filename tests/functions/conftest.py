"""A deployment for each test, in a project of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
