"""Graph files in a folder of their own, named as a user would name them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.core.graph import Graph
from orchestrator.errors import InvalidGraphError

Load = Callable[..., Graph]
Refusal = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Writes a text to a file and loads it."""
    monkeypatch.chdir(tmp_path)

    def load(text: str | bytes, name: str = "g.yaml") -> Graph:
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_graph(name)

    return load


@pytest.fixture
def refusal(load: Load) -> Refusal:
    """Writes a text to a file and gives the lines with which it is refused."""

    def refusal(text: str | bytes, name: str = "g.yaml") -> list[str]:
        with pytest.raises(InvalidGraphError) as refused:
            load(text, name)
        assert str(refused.value) == "\n".join(refused.value.lines)
        return list(refused.value.lines)

    return refusal
