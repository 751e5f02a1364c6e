"""``python -m tests.pythons``: the quick tests on every Python that we promise, but for the one that runs all tests.

A Python is looked for on this machine, and then in Debian's archive. What cannot be had is said, and is no failure.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.pythons.debian import NotToBeHadError, unpacked
from tests.pythons.found import PROMISED, ROOT, find

#: What takes a minute and hangs most on the Python: no emulator, no Terraform.
QUICK = (
    "tests/unit",
    "tests/simulation/test_mutants.py",
    "tests/simulation/test_pinned.py",
    "tests/contract/test_programs.py",
    "tests/contract/test_python_steps.py",
    "tests/contract/test_isolated.py",
    "tests/contract/test_local_jobs.py",
    "tests/contract/test_local_queue.py",
    "tests/contract/test_sqlite.py",
    "tests/contract/test_stopping.py",
)

_FOLDER = ROOT / ".venv" / "pythons"


def environment(version: str) -> Path:
    """The Python of a virtual environment of this version with all that the tests need. Raises NotToBeHadError."""
    folder = _FOLDER / version
    python = find(version) or unpacked(version, folder)
    uv = [str(ROOT / ".venv" / "bin" / "uv")]
    made = folder / "venv"
    subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", str(python), str(made)], check=True)
    installed = [*uv, "pip", "install", "--quiet", "--editable", f"{ROOT}[cli,drawing,cloud,dev]"]
    subprocess.run(installed, check=True, env=dict(os.environ) | {"VIRTUAL_ENV": str(made)})
    return made / "bin" / "python"


def passes(version: str, tests: Sequence[str]) -> bool:
    """Whether the tests pass on this Python, or it is not to be had."""
    begun = time.monotonic()
    try:
        python = environment(version)
    except NotToBeHadError as error:
        print(f"skipped: Python {version}: {error}", flush=True)
        return True
    command = [str(python), "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *tests]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"Python {version}: {'passed' if not code else 'FAILED'} in {time.monotonic() - begun:.0f} s", flush=True)
    return not code


def main(arguments: Sequence[str]) -> int:
    """1 if the tests fail on one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons", description=__doc__)
    parser.add_argument("--only", choices=PROMISED, action="append", help="this one; may be given again")
    parser.add_argument("tests", nargs="*", default=QUICK, help="which tests. [default: the quick ones]")
    chosen = parser.parse_args(arguments)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = chosen.only or [version for version in PROMISED if version != here]
    failed = [version for version in versions if not passes(version, chosen.tests)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
