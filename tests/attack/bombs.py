"""Expressions of a few letters that would fill a machine or keep it busy: in a process with 1 GiB and a minute."""

import subprocess
import sys
from pathlib import Path

from tests.unit.definition.test_budget import BOMBS, SLOW

ALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from orchestrator.expressions import ExpressionError, render
from tests.unit.definition.test_budget import BOMBS, CONTEXT, SLOW, SLOW_PARAMS
for bomb, context in [*((one, CONTEXT) for one in BOMBS), *((one, {"params": SLOW_PARAMS}) for one in SLOW)]:
    try:
        print("made", bomb[:60], len(str(render("{{ " + bomb + " }}", context))))
    except ExpressionError as error:
        print("refused", "MemoryError" in str(error) and bomb[:60] or "")
"""


def attack(folder: Path) -> str:
    """Raises AssertionError if one of them is made, or found too large only when no memory is left or no time."""
    done = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout.split("\n")[:-1]
    assert len(said) == len(BOMBS) + len(SLOW), done.stderr[-2000:]
    assert all(line.strip() == "refused" for line in said), said
    return f"{len(said)} of them in 1 GiB and a minute: all refused with a sentence"
