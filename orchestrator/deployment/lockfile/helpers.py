"""Lists the files beside a graph that its own code may import or read, by their names."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

#: The suffixes of code and its data. Other files are not deployed.
SUFFIXES = frozenset({".py", ".json", ".yaml", ".yml", ".toml", ".txt", ".sql", ".csv"})


def helpers(graph: Path, graphs: Collection[Path]) -> Iterator[Path]:
    """These files below the folder of ``graph``, except those of other ``graphs`` and in their folders.

    Hidden files and what Python has compiled are left out.
    """
    closed = {other.parent for other in graphs} - {graph.parent}
    for place, folders, names in os.walk(graph.parent):
        here = Path(place)
        folders[:] = [name for name in folders if _open(name) and here / name not in closed]
        for file in (here / name for name in names if _open(name)):
            if file.suffix in SUFFIXES and file.is_file() and file not in graphs:
                yield file


def _open(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"
