"""The functions' source archive: its files, and the hash in its name. Terraform computes the same.

``functions/left-out.json`` lists the parts of the package that no function imports (a test checks that), and
``graphs.lock`` the files of the graphs that are deployed.
"""

import hashlib
import json
from pathlib import Path

from orchestrator.deployment.lockfile.file import read_lock
from orchestrator.errors import NotFoundError

#: The number of characters of the hash in the archive's name.
SHOWN = 20


def sources(root: Path, graphs: Path) -> dict[str, Path]:
    """Name in the archive -> file. ``root``: the repository; ``graphs``: the folder with the graphs and their lock.

    Raises NotFoundError if ``root`` is not the repository, UsageError if the lock is missing or cannot be read.
    """
    main, left_out = root / "functions/main.py", root / "functions/left-out.json"
    for file in (main, left_out):
        if not file.is_file():
            raise NotFoundError(f"{root}: expected the orchestrator's repository, got a folder without {file.name}")
    found = {"main.py": main, "requirements.txt": root / "requirements.lock"}
    without = tuple(json.loads(left_out.read_text()))
    for file in (root / "orchestrator").rglob("*.py"):
        name = file.relative_to(root).as_posix()
        if not name.startswith(without):
            found[name] = file
    return found | {f"graphs/{name}": graphs / name for name in read_lock(graphs).files}


def archive_name(root: Path, graphs: Path) -> str:
    """The name of the source archive: it changes when anything in it does. Raises as ``sources`` does."""
    found = sources(root, graphs)
    lines = [f"{name} {hashlib.sha256(found[name].read_bytes()).hexdigest()}\n" for name in sorted(found)]
    return f"functions-{hashlib.sha256(''.join(lines).encode()).hexdigest()[:SHOWN]}.zip"
