"""What is deployed: the files of the functions' source archive, and the hash that names it. Terraform does the same.

``functions/left-out.json`` lists what of the package no function imports (tests/terraform holds it to that), and
``graphs.lock`` what of the graphs is deployed.
"""

import hashlib
import json
from pathlib import Path

from orchestrator.deployment.lockfile.file import read_lock
from orchestrator.errors import NotFoundError

#: How many letters of the hash are in the archive's name.
SHOWN = 20


def sources(root: Path, graphs: Path) -> dict[str, Path]:
    """Name in the archive -> file. ``root``: the repository; ``graphs``: the folder with the graphs and their lock.

    Raises NotFoundError if ``root`` is none, UsageError if there is no lock or it cannot be read.
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
