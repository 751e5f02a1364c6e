"""What a step says of its own environment, folder and files: it is the command's alone, and starts nothing twice."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.attack._driven import driven, ended, written

#: Variables that shells, loaders and libraries listen to.
MEAN = {
    "PATH": "/opt/tool/bin",
    "HOME": "/nonexistent",
    "IFS": "/",
    "ENV": "/nonexistent",
    "BASH_ENV": "/nonexistent",
    "SHELLOPTS": "noexec:errexit:nounset",
    "BASHOPTS": "extdebug",
    "PS4": "$(exit 9)",
    "BASH_FUNC_echo%%": "() { exit 9; }",
    "BASH_FUNC_[%%": "() { return 9; }",
    "POSIXLY_CORRECT": "1",
    "LD_PRELOAD": "/nonexistent.so",
    "LD_LIBRARY_PATH": "/nonexistent",
    "PYTHONHOME": "/nonexistent",
    "CDPATH": "/",
    "TMPDIR": "/nonexistent",
}

#: What commands do to the folder of their attempt, which ORCHESTRATOR_OUTPUTS lies in.
HERE = 'here=${ORCHESTRATOR_OUTPUTS%/*}; echo x >> "COUNT"; '
DEEDS = {
    "removes": 'rm -rf "$here"',
    "removes-and-goes-on": 'rm -rf "$here"; sleep 0.5',
    "removes-and-fails": 'rm -rf "$here"; exit 3',
    "removes-its-run": 'rm -rf "${here%/steps/*}/steps"; sleep 0.2',
    "locks": 'chmod 0 "$here"; sleep 0.2',
    "fills": 'rm -f "$here/pid" "$here/claim"; mkdir "$here/exit" "$here/pid"',
    "lies": 'echo 0 > "$here/pid"; echo 9 > "$here/exit"; exit 0',
    "ends-its-shell": "kill -9 $PPID",
    "ends-all": "kill -9 0",
    "removes-where-it-is": 'rmdir "$PWD"; sleep 0.2',
}

#: A line for the shell that starts a run, in which /bin/sh is bash, as on many systems.
BASH = """exec unshare -m /bin/bash -c 'mount --bind /bin/bash "$(readlink -f /bin/sh)" && exec "$@"' attack "$@" """


def attack(folder: Path) -> str:
    steps: dict[str, Any] = {
        f"env-{number}": {"command": ["/bin/true"], "env": {name: value}}
        for number, (name, value) in enumerate(MEAN.items())
    }
    steps["all"] = {"command": ["/bin/true"], "env": MEAN}
    steps["no-path"] = {"command": ["/bin/true"], "env": {"PATH": ""}}
    steps["odd"] = {"command": ["/bin/true"], "env": {"a.b": "1", "-u": "PATH", "OPTIND": "x", "UID": "7"}}
    shells = [limit for limit in ("", BASH) if not limit or _may_mount()]
    for limit in shells:
        shutil.rmtree(folder / "home", ignore_errors=True)
        told = driven(folder, written(folder, steps), limit=limit)
        assert ended(told) == dict.fromkeys(steps, ("succeeded", 1)), ended(told)
        leaves = {"leaves": {"command": ["/usr/bin/tee", str(folder / "left")], "env": {"SHELLOPTS": "noexec"}}}
        (folder / "left").unlink(missing_ok=True)
        driven(folder, written(folder, leaves, "leaves"), limit=limit)
        assert (folder / "left").exists(), "a command that is said to have succeeded was not run"
    for name, deed in DEEDS.items():
        count, here = folder / f"{name}.count", folder / f"{name}.here"
        here.mkdir()
        does = {"command": HERE.replace("COUNT", str(count)) + deed, "cwd": here.name}
        told = driven(folder, written(folder, {name: does}, name))
        runs = len(count.read_text().split())
        assert runs == 1, f"{name}: its command ran {runs} times"
    return (
        f"{len(steps)} environments, {'with dash and bash as /bin/sh' if len(shells) > 1 else 'with one /bin/sh'}, and "
        f"{len(DEEDS)} deeds in an attempt's own folder: every command ran once"
    )


def _may_mount() -> bool:
    """Whether this process may have another /bin/sh than others have."""
    line = ["unshare", "-m", "mount", "--bind", "/bin/bash", os.path.realpath("/bin/sh")]
    try:
        return subprocess.run(line, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
