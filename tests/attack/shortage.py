"""A machine that is out of descriptors, processes, memory or disk for a while: no step pays, no run hangs."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.attack._driven import driven, ended, words, written

COUNT = 24

#: Another user, who may open files as root does: Linux does not hold root to the number of its processes.
SOMEBODY = (
    "setpriv --reuid=64999 --clear-groups --inh-caps=-all,+dac_override --ambient-caps=+dac_override "
    "--bounding-set=-all,+dac_override"
)

#: Lines for the shell that starts the run. The last two need root.
DESCRIPTORS = "ulimit -n 45"
PROCESSES = f'exec {SOMEBODY} prlimit --nproc=COUNT "$@"'
DISK = """exec unshare -m /bin/sh -c 'mount -t tmpfs -o size=6m tmpfs "HOME" && exec "$@"' attack "$@" """

#: Where memory ends at once, and in the middle of what is to be imported, in KiB.
MEMORY = (40_000, 60_000)

#: Fills the disk, and has it free again after a while.
FILLS = 'cat /dev/zero > "$ORCHESTRATOR_RUN_DIR/fill" 2>&- || sleep 2; rm "$ORCHESTRATOR_RUN_DIR/fill"'


def attack(folder: Path) -> str:
    sleeps = {f"s{number}": {"command": ["/bin/sleep", "0.3"]} for number in range(COUNT)}
    folder.chmod(0o777)
    said = []
    _holds(folder, sleeps, DESCRIPTORS)
    said.append(DESCRIPTORS)
    if os.geteuid() == 0 and shutil.which("setpriv"):
        _holds(folder, sleeps, PROCESSES.replace("COUNT", str(COUNT + 3)))  # some of the commands' shells cannot fork
        said.append(f"ulimit -u {COUNT + 3}")
    if _mounts():
        after = {f"t{number}": {"command": ["/bin/sleep", "0.1"], "after": [f"s{number}"]} for number in range(COUNT)}
        _holds(folder, {**sleeps, "fills": {"command": FILLS}, **after}, DISK.replace("HOME", str(folder / "home")))
        said.append("a disk that is full for 2 s")
    for most in MEMORY:
        _refuses(folder, written(folder, sleeps), f"ulimit -v {most}")
    return f"{COUNT} steps, no retry paid: {', '.join(said)}; a sentence where it ends: ulimit -v, {len(MEMORY)} times"


def _holds(folder: Path, steps: Mapping[str, Any], limit: str) -> None:
    """All steps succeed, which have one attempt each that counts."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    (folder / "home").mkdir(mode=0o777)
    (folder / "home").chmod(0o777)
    told = ended(driven(folder, written(folder, steps), "--parallel", str(COUNT), limit=limit))
    assert {name: status for name, (status, _) in told.items()} == dict.fromkeys(steps, "succeeded"), (limit, told)


def _refuses(folder: Path, graph: Path, limit: str) -> None:
    line = words(folder, "run", str(graph), "--no-picture")
    done = subprocess.run(
        ["/bin/sh", "-c", f'{limit}\nexec "$@"', "attack", *line],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "out of memory or threads" in done.stderr) == (1, True), (limit, done.stderr)
    assert "Traceback" not in done.stderr, (limit, done.stderr)


def _mounts() -> bool:
    """Whether this process may mount a file system that nobody else sees."""
    mount = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
