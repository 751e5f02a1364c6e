"""For the tests of your graphs: runs with replaced steps, in simulated time. See docs/testing.md.

A plugin of pytest with the fixture ``run_graph``: ``pytest_plugins = ["orchestrator.testing"]``. PYTEST_DONT_REWRITE
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from orchestrator.testing.replacements import Attempt, Replacement, Result, fail, hang, succeed
from orchestrator.testing.simulated import SimulatedRun, simulate

__all__ = ["Attempt", "Replacement", "Result", "SimulatedRun", "fail", "hang", "run_graph", "simulate", "succeed"]


@pytest.fixture
def run_graph(tmp_path: Path) -> Callable[..., SimulatedRun]:
    """``simulate`` with ``{{ run.dir }}`` in the test's ``tmp_path``."""
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    return partial(simulate, folder=folder)
