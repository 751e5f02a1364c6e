"""What is said to install an extra fits the way in which the package was installed."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import failure
from orchestrator.system import extras

ROOT = Path(__file__).resolve().parents[2]
BESIDE = Path("/home/ann/orchestrator")


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install -e '/home/ann/orchestrator[cli]'"),
        ({}, "pip install 'dataflow-orchestrator[cli]'"),
        ({"url": "file:///srv/my%20repo", "dir_info": {"editable": True}}, "pip install -e '/srv/my repo[cli]'"),
        ({"url": "file:///srv/repo", "dir_info": {}}, "pip install '/srv/repo[cli]'"),
        (
            {"url": "file:///tmp/x-0.1-py3-none-any.whl", "archive_info": {}},
            "pip install 'dataflow-orchestrator[cli] @ file:///tmp/x-0.1-py3-none-any.whl'",
        ),
        (
            {"url": "https://example.com/o.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b2c"}},
            "pip install 'dataflow-orchestrator[cli] @ git+https://example.com/o.git@0a1b2c'",
        ),
    ],
)
def test_an_extra_is_installed_from_where_the_package_came_from(origin: Mapping[str, Any] | None, command: str):
    """The mappings are PEP 610's."""
    assert extras._command("cli", origin, BESIDE) == command


def test_the_name_is_that_of_the_distribution_and_its_extras_are_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == extras.DISTRIBUTION == "dataflow-orchestrator"
    assert project["scripts"] == {"orchestrator": "orchestrator.cli:main"}
    assert project["optional-dependencies"]["all"] == ["dataflow-orchestrator[cli,drawing,cloud,demo,dev]"]


def test_here_it_is_installed_from_this_repository():
    assert extras.install("drawing") == f"pip install -e '{ROOT}[drawing]'"


#: Prints the help of every command in a process that finds no module of the extra ``cloud``.
HELP = """
import sys
from orchestrator.cli.app import COMMANDS, call
from orchestrator.cli.failure import _CLOUD
sys.modules.update(dict.fromkeys(_CLOUD))
for name in COMMANDS:
    assert call([name, "--help"]) == 0
"""


def test_the_help_of_every_command_needs_no_extra_but_its_own():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_every_import_of_the_cloud_extra_is_known_as_one():
    """Without the extra, 'doctor' and 'start' said that a missing httplib2 was a bug in orchestrator."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "orchestrator").rglob("*.py"))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    others = {"orchestrator", "networkx", "pydantic", "pydantic_core", "yaml", "jinja2", "pygraphviz", "click", "rich"}
    others.add("pytest")  # of orchestrator.testing, which only tests import
    assert {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - others <= set(failure._CLOUD)
