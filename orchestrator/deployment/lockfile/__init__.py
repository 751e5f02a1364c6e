"""Makes ``graphs.lock``: what was found out about every graph of a folder, and the hash of every deployed file.

Terraform deploys from this file. It cannot run Python while it plans, so the file contains what it must know, and
Terraform refuses files that have changed since. Nothing is deployed here. Python graphs and the modules of
``parameters_from`` and ``call`` are imported, to check that the functions exist.
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
    """``graphs``: by name, those that are deployed or have problems. ``local``: those that run on one machine only.

    ``files``: path below the folder, with ``/`` -> SHA-256 of its bytes, in hex.
    """

    graphs: dict[str, Entry] = field(default_factory=dict)
    local: dict[str, Local] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """The problems of all graphs, each message once."""
        return list(dict.fromkeys(line for entry in self.graphs.values() for line in entry.problems))

    def text(self) -> str:
        """The content of the file: the same for the same graphs, on any machine."""
        data = {"format": FORMAT, **asdict(self)}
        for entry in data["graphs"].values():
            for key in [key for key in OPTIONAL if not entry[key]]:
                del entry[key]  # most graphs do not use these keys
        return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def lock(folder: Path) -> Lock:
    """Check every graph of ``folder``. Problems are in its entry. Raises NotFoundError if there is no folder."""
    root = folder.resolve()
    if not root.is_dir():
        raise NotFoundError(f"{folder}: there is no such folder")
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
    """Raises UsageError if a name among ``files`` cannot be written into the lock file."""
    if odd := sorted(file.name for file in files if has_halves(str(file))):
        raise UsageError(f"{folder}: expected file names in UTF-8, got {listed(map(quoted, odd), 'and')}: rename them")


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
