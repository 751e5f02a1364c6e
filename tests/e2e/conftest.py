"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command_line import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty repository."""
    (tmp_path / ".git").mkdir()
    made = Place(tmp_path)
    yield made
    made.end_processes()
