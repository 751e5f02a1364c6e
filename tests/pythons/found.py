"""Finds a Python on this machine; it installs none."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: What pyproject.toml promises by ``requires-python``, up to the newest that was tried.
PROMISED = ("3.11", "3.12", "3.13", "3.14")


def find(version: str) -> Path | None:
    """A Python of this version that starts, None if there is none: on the path, or among pyenv's."""
    return next((path for path in _candidates(version) if starts(path, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        yield Path(sys.executable)
    if (named := shutil.which(f"python{version}")) is not None:
        yield Path(named)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in sorted(versions.glob(f"{version}.*"), key=_by_number, reverse=True):
        yield folder / "bin" / f"python{version}"


def _by_number(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.name)]


def starts(path: Path, version: str) -> bool:
    """Whether the program is this Python (one of pyenv's shims may name one that is not there)."""
    asked = [str(path), "-c", "import ssl, sqlite3, sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.returncode == 0 and said.stdout.strip() == version
