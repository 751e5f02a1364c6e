"""Drives a graph of commands with the real command line, as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Seconds after which a command line is taken for one that hangs.
TIMEOUT = 60

RUN = "attacked"


def written(folder: Path, steps: Mapping[str, Any], name: str = "attacked") -> Path:
    """The file of a graph with ``steps``."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"name": name, "deploy": False, "steps": steps}))
    return path


def words(folder: Path, *command: str) -> list[str]:
    """A command of the product's, for the home in ``folder``."""
    return [sys.executable, "-m", "orchestrator", *command, "--home", str(folder / "home")]


def driven(folder: Path, graph: Path, *options: str, limit: str = "") -> dict[str, Any]:
    """The run of ``graph`` as its JSON tells it. ``limit``: a line for the shell that starts it."""
    line = words(folder, "run", str(graph), "--json", *options)
    done = subprocess.run(
        ["/bin/sh", "-c", f'{limit}\nexec "$@"', "attack", *line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ended(told: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """How each step ended, and at which attempt."""
    return {name: (step["status"], step["attempt"]) for name, step in told["steps"].items()}
