"""What an instance does not import until a request needs it: each case in a fresh interpreter."""

import subprocess
import sys

import pytest

from tests.functions.cloud import KINDS, MAIN

HEAVY = {
    "google.cloud.firestore",
    "google.cloud.tasks_v2",
    "googleapiclient",
    "grpc",
    "networkx",
    "pydantic",
    "requests",
    "yaml",
}

SCRIPT = """
import sys
sys.path.insert(0, {root!r})
import functions_framework
app = functions_framework.create_app({target!r}, {main!r}, {kind!r})
print(*sorted({heavy!r} & sys.modules.keys()))
"""


@pytest.mark.parametrize("target", KINDS)
def test_no_entry_point_imports_a_client_before_its_first_request(target: str):
    """Jinja2 is not among them: Flask itself imports it."""
    script = SCRIPT.format(root=str(MAIN.parents[1]), main=str(MAIN), target=target, kind=KINDS[target], heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
