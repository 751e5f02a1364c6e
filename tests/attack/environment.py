"""What a step says of its own environment, folder and files: it is the command's alone, and starts nothing twice."""

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
}


def attack(folder: Path) -> str:
    steps: dict[str, Any] = {
        f"env-{number}": {"command": ["/bin/true"], "env": {name: value}}
        for number, (name, value) in enumerate(MEAN.items())
    }
    steps["all"] = {"command": "/bin/true", "env": MEAN}
    steps["no-path"] = {"command": ["/bin/true"], "env": {"PATH": ""}}
    told = driven(folder, written(folder, steps))
    assert ended(told) == dict.fromkeys(steps, ("succeeded", 1)), ended(told)
    for name, deed in DEEDS.items():
        count = folder / f"{name}.count"
        told = driven(folder, written(folder, {name: {"command": HERE.replace("COUNT", str(count)) + deed}}, name))
        runs = len(count.read_text().split())
        assert runs == 1, f"{name}: its command ran {runs} times"
    return f"{len(steps)} environments, {len(DEEDS)} deeds in an attempt's own folder: every command ran once"
