"""``graphs.lock``: every graph of a folder as it was checked, and the hash of every file of it that is deployed.

Terraform deploys from it. It cannot run Python while it plans, so this file carries what it must know, and it refuses a
file that is no longer as it was. Nothing is deployed or run here, but for a Python graph's own file and the modules of
``parameters_from``, to see that the functions are there.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestrator.definition.catalog import graph_files
from orchestrator.deployment.lockfile.conflicts import conflicts
from orchestrator.deployment.lockfile.entry import OPTIONAL, Entry, Local, examine
from orchestrator.deployment.lockfile.file import FORMAT, NAME
from orchestrator.errors import NotFoundError, UsageError
from orchestrator.text import has_halves, listed, quoted

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
        data = {"format": FORMAT, **asdict(self)}
        for entry in data["graphs"].values():
            for key in [key for key in OPTIONAL if not entry[key]]:
                del entry[key]  # most graphs' folders have nothing for the functions
        return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def lock(folder: Path) -> Lock:
    """Check every graph of ``folder``. What is wrong with one is in its entry. Raises NotFoundError for no folder."""
    root = folder.resolve()
    if not root.is_dir():
        raise NotFoundError(f"{folder}: expected a folder with graphs, and there is none")
    found: dict[str, list[Path]] = {}
    _named(folder, [path for _, path in graph_files(root)])
    for name, path in graph_files(root):
        found.setdefault(name, []).append(path)
    examined = {name: examine(root, name, paths, found) for name, paths in sorted(found.items())}
    wrong = conflicts(root, {name: paths[-1] for name, paths in found.items()}, examined)
    made = Lock()
    for name, it in examined.items():
        if isinstance(it.entry, Local):
            made.local[name] = it.entry
        elif more := wrong.get(name):
            made.graphs[name] = Entry(it.entry.file, problems=(*it.entry.problems, *more))
        else:
            made.graphs[name] = it.entry
        _named(folder, it.files)
        made.files.update({file.relative_to(root).as_posix(): _hash(file) for file in it.files})
    return made


def _named(folder: Path, files: Iterable[Path]) -> None:
    """Raises UsageError if there is a name among ``files`` that no lock file can hold."""
    if odd := sorted(file.name for file in files if has_halves(str(file))):
        raise UsageError(
            f"{folder}: expected names of files in UTF-8, got {listed(map(quoted, odd), 'and')}: rename them"
        )


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
