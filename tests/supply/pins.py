"""``requirements.lock``: every package that is deployed, at one version, with the hashes of its files. uv makes it."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS, LOCK = ROOT / "requirements.txt", ROOT / "requirements.lock"

#: What fixes a lock that is not what uv makes of the requirements.
FIX = "make pins"

_PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^ \\\n]+)( ; [^\\\n]+?)?(?: \\)?$((?:\n {4}--hash=\S+(?: \\)?)*)")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at a version. ``marker``: where it is installed; "" is everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.name}=={self.version}{self.marker}"


def read_pins(text: str) -> list[Pin]:
    """The pins in the text of a lock."""
    return [
        Pin(match[1], match[2], match[3] or "", tuple(re.findall(r"--hash=(\S+)", match[4])))
        for match in _PIN.finditer(text)
    ]


def compiled(into: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Have uv make the lock ``into``, for every Python that is promised. What is pinned there stays if it fits."""
    words = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--output-file", str(into)]
    named = ["--custom-compile-command", FIX, REQUIREMENTS.name]
    command = [sys.executable, "-m", "uv", "pip", "compile", *words, *named, *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
