"""Expressions of a few letters that would fill a machine: each in a process with 1 GiB, for a minute at most."""

import subprocess
import sys
from pathlib import Path

from tests.unit.definition.test_budget import BOMBS

ALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from orchestrator.definition.expressions import ExpressionError, render
from tests.unit.definition.test_budget import BOMBS, CONTEXT
for bomb in BOMBS:
    try:
        print("made", bomb[:60], len(str(render("{{ " + bomb + " }}", CONTEXT))))
    except ExpressionError as error:
        print("refused", "MemoryError" in str(error) and bomb[:60] or "")
"""


def attack(folder: Path) -> str:
    """Raises AssertionError if one of them is made, or found too large only when no memory is left."""
    done = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout.split("\n")[:-1]
    assert len(said) == len(BOMBS), done.stderr[-2000:]
    assert all(line.strip() == "refused" for line in said), said
    return f"{len(said)} of them in 1 GiB: all refused with a sentence"
