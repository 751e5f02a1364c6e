"""Google's Firestore emulator once for all, and a deployment in a project of its own for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.rehearsal import emulators
from tests.emulation import emulated
from tests.functions.cloud import Cloud, cloud_of

_PROJECTS = itertools.count()


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    emulated(emulators.FIRESTORE)
    with emulators.running(emulators.FIRESTORE) as host:
        yield host


@pytest.fixture
def cloud(firestore_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A deployment on the emulator and the fakes."""
    with cloud_of(f"functions-{next(_PROJECTS)}", firestore_host, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def signals_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A deployment whose Firestore does not answer: for what must not need it."""
    with cloud_of(f"functions-{next(_PROJECTS)}", None, tmp_path, monkeypatch) as made:
        yield made
