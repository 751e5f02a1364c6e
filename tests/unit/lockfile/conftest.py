"""A folder of graph files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.lockfile.graphs import (
    Make,
)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A folder with these files."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        for name, text in files.items():
            path = tmp_path / "graphs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "graphs"

    return make
