"""The files beside a graph that its own code may import or read. It looks at names, not into files."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

#: What code and its data end in. Anything else is not deployed.
SUFFIXES = frozenset({".py", ".json", ".yaml", ".yml", ".toml", ".txt", ".sql", ".csv"})


def helpers(graph: Path, graphs: Collection[Path]) -> Iterator[Path]:
    """All such files below the folder of ``graph``, but those of other ``graphs``, and the folders that these lie in.

    Nothing hidden, and nothing that Python has compiled.
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
