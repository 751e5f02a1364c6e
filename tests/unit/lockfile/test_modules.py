"""Modules that the deployed functions will not have are reported by ``lock``."""

from orchestrator.deployment.lockfile import lock
from tests.unit.lockfile.graphs import FROM, Make

IMPORTS = """\
import json, yaml
import pytest, click
from google.cloud import firestore, tasks_v2
from . import beside
from lib.inner import deep
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import rich.console
try:
    import orjson
except ImportError:
    orjson = None
def make():
    from orchestrator import cli
    from google.cloud import nothing_such
    import unknown_module
"""


def test_modules_that_the_functions_do_not_have_are_told_now(make: Make) -> None:
    """Those that functions import, directly or not, be it in their last line; of the other files of the folder none."""
    folder = make(
        {
            "g/graph.yaml": FROM,
            "g/lib/params.py": IMPORTS,
            "g/lib/beside.py": "import rich\n",
            "g/lib/inner/deep.py": "import uv, xdist\n",
            "g/pipelines/job.py": "import apache_beam\n",
            "g/requirements.txt": "rich\nuv\n",
        }
    )
    said, fix = "which the functions do not have: put", "into g/requirements.txt"
    assert sorted(lock(folder).problems) == [
        f"g/lib/inner/deep.py:1: imports 'xdist', {said} pytest-xdist {fix}",
        "g/lib/params.py:14: imports 'orchestrator.cli', which is not deployed: remove the import",
        f"g/lib/params.py:15: imports 'google.cloud.nothing_such', {said} google-cloud-nothing-such {fix}",
        f"g/lib/params.py:16: imports 'unknown_module', {said} unknown-module {fix}",
        f"g/lib/params.py:2: imports 'pytest', {said} pytest {fix}",
    ]
