"""What the environment says, and the only reader of it. Every setting has a flag too, and the flag wins."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """``home``: ORCHESTRATOR_HOME. ``parallel``: ORCHESTRATOR_PARALLEL, jobs at once, as many as there are cores."""

    home: Path | None
    parallel: int


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings. Raises UsageError for a value that cannot be meant."""
    parallel = environment.get("ORCHESTRATOR_PARALLEL") or str(max(2, os.cpu_count() or 2))
    if not parallel.isdecimal() or int(parallel) < 1:
        raise UsageError(f"ORCHESTRATOR_PARALLEL: expected a whole number from 1, came {parallel!r}")
    home = environment.get("ORCHESTRATOR_HOME")
    return Settings(Path(home) if home else None, int(parallel))
