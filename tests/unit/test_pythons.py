"""Which Pythons are promised, and how one is found."""

import re
import sys
import tomllib
from pathlib import Path

from tests.pythons.found import PROMISED, ROOT, find, starts


def test_the_pythons_that_are_tried_begin_with_the_oldest_that_is_promised_and_hold_the_deployed_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PROMISED[0]}"
    (deployed,) = re.findall(r'"python3(\d+)"', (ROOT / "terraform/variables-functions.tf").read_text())[:1]
    assert f"3.{deployed}" in PROMISED


def test_the_python_that_runs_is_found():
    version = "{}.{}".format(*sys.version_info[:2])
    assert find(version) == Path(sys.executable)


def test_a_program_that_is_another_python_or_none_is_not_taken_for_one(tmp_path: Path):
    shim = tmp_path / "python3.14"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.14: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not starts(shim, "3.14")
    assert not starts(Path(sys.executable), "3.0")
    assert not starts(tmp_path / "nothing", "3.14")
