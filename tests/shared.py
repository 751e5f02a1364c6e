"""Finds the reference data in ../shared, which is no part of the repository; tests that need it skip without it."""

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def reference(name: str) -> Any:
    """The JSON in ``../shared/data/<name>``; skips the test, and says why, where it is not there."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"reference data {path} is not there")
    return json.loads(path.read_text(encoding="utf-8"))
