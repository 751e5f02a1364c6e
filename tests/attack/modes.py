"""Another user of the machine reads what a run carries: its params, logs, outputs, database and picture."""

import os
import stat
from pathlib import Path

from tests.e2e.command_line import Place

GRAPH = """
name: g
params: {password: string}
steps:
  command: {command: "echo {{ params.password }}; echo '{\\"rows\\": 3}' > $ORCHESTRATOR_OUTPUTS"}
  apart: {after: command, python: "steps:told", args: {word: "{{ params.password }}"}, isolated: true}
  thread: {after: apart, python: "steps:told", args: {word: "{{ params.password }}"}}
  killed: {after: thread, command: "kill -9 $$"}
"""

STEPS = """
def told(word):
    print(word)
    return {"word": word}
"""

#: What lets anybody do anything, what most have, and what takes even the owner's rights to what is written.
MASKS = (0o000, 0o022, 0o002)


def attack(folder: Path) -> str:
    place, looked = Place(folder), 0
    place.write("g.yaml", GRAPH)
    place.write("steps.py", STEPS)
    before = os.umask(0)
    try:
        for mask in MASKS:
            os.umask(mask)
            home = folder / f"home-{mask:03o}"
            said = place("run", "g.yaml", "--run-id", "r", "--param", "password=hunter2", "--home", str(home))
            assert "killed" in said.out, said
            looked += _looked(home)
    finally:
        os.umask(before)
    for path in (folder / "home-022", *(folder / "home-022").rglob("*")):  # as an older version left it
        path.chmod(0o755 if path.is_dir() else 0o644)
    place("run", "g.yaml", "--run-id", "s", "--param", "password=hunter2", "--home", str(folder / "home-022"))
    looked += _looked(folder / "home-022")
    return f"{looked} files and folders of 4 homes, under the umasks {', '.join(f'{mask:03o}' for mask in MASKS)}"


def _looked(home: Path) -> int:
    """How many files and folders there are. Raises AssertionError if others may do anything with one of ours."""
    found = [home, *home.rglob("*")]
    open_ones = {path for path in found if path.lstat().st_mode & 0o077}
    by_steps = {path for path in open_ones if path.name == "outputs.json"}
    assert not open_ones - by_steps, sorted(open_ones)
    assert all(stat.S_IMODE(path.parent.stat().st_mode) == 0o700 for path in by_steps)
    assert {path.name for path in found} >= {"orchestrator.db", "params.json", "log", "claim", "graph.png", "lock"}
    return len(found)
