"""``graphs.lock``: every graph of a folder as it was checked, and the hash of every file of it that is deployed.

Terraform deploys from it. It cannot run Python while it plans, so this file carries what it must know, and it refuses a
file that is no longer as it was. Nothing is deployed or run here, but for a Python graph's own file and the modules of
``parameters_from``, to see that the functions are there.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestrator.catalog import graph_files
from orchestrator.deployment.lock import FORMAT, NAME
from orchestrator.errors import NotFoundError
from orchestrator.locking.look import Entry, Local, look

__all__ = ["NAME", "Lock", "lock"]


@dataclass(frozen=True, slots=True)
class Lock:
    """``graphs``: by name, those that are deployed and those that are wrong. ``local``: those that one machine runs.

    ``files``: path below the folder, with ``/`` -> SHA-256 of its bytes, in hex.
    """

    graphs: dict[str, Entry] = field(default_factory=dict)
    local: dict[str, Local] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """All that is wrong with all graphs, each sentence once."""
        return list(dict.fromkeys(line for entry in self.graphs.values() for line in entry.problems))

    def text(self) -> str:
        """What the file holds: the same for the same graphs, on any machine."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def lock(folder: Path) -> Lock:
    """Check every graph of ``folder``. What is wrong with one is in its entry. Raises NotFoundError for no folder."""
    root = folder.resolve()
    if not root.is_dir():
        raise NotFoundError(f"{folder}: expected a folder with graphs, and there is none")
    found: dict[str, list[Path]] = {}
    for name, path in graph_files(root):
        found.setdefault(name, []).append(path)
    made = Lock()
    for name, paths in sorted(found.items()):
        entry, deployed = look(root, name, paths, found)
        if isinstance(entry, Local):
            made.local[name] = entry
        else:
            made.graphs[name] = entry
        made.files.update({file.relative_to(root).as_posix(): _hash(file) for file in deployed})
    return made


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
