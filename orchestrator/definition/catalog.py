"""Finds graphs by path, or by name below ``graphs/``. Loads nothing."""

import os
from pathlib import Path

from orchestrator.errors import NotFoundError, UsageError
from orchestrator.home import root_of
from orchestrator.system.files import DIRECTORY, PLAIN, sort_of
from orchestrator.system.os_errors import told
from orchestrator.text import did_you_mean, listed

SUFFIXES = (".yaml", ".yml", ".json", ".py")


def find_graph(name: str, folder: Path = Path()) -> Path:
    """The file of the graph that a user calls ``name``: a path, or ``graphs/NAME.yaml``, or ``graphs/NAME/graph.yaml``.

    ``graphs/`` is that of ``folder``, or the nearest above it in the same repository. Raises NotFoundError, and
    UsageError if several files there have that name, or what is there is no file.
    """
    path = folder / name
    try:
        found_there = sort_of(path)
    except OSError as error:
        raise UsageError(told(error, name)) from error
    if found_there == PLAIN:
        return path
    if found_there == DIRECTORY:
        if found := inside(path):
            return found[-1]
        raise NotFoundError(f"{name}: expected a file graph.yaml, graph.json or graph.py in this folder")
    if found_there:
        raise UsageError(f"{name}: expected a file, got {found_there}")
    there = graph_files(nearest(folder) / "graphs")
    if files := [str(file) for known, file in there if known == name]:
        if len(files) > 1:
            raise UsageError(f"{name}: {listed(files, 'and')} have this name: give the path of the one you mean")
        return Path(files[0])
    known = dict(there)
    if path.suffix in SUFFIXES:
        raise NotFoundError(f"{name}: there is no such file")
    where = f"; here are {listed(sorted(known), 'and')}" if known else ""
    raise NotFoundError(
        f"{name}: no file and no graph in graphs/ has this name{did_you_mean(name, list(known))}{where}"
    )


def nearest(folder: Path = Path()) -> Path:
    """The folder whose ``graphs/`` applies to ``folder``: it, or the nearest one above it in the same repository."""
    here = folder.resolve()
    root = root_of(here)
    if root is not None:
        for parent in (here, *here.parents):
            if (parent / "graphs").is_dir():
                return Path(os.path.relpath(parent, here)) if folder == Path() else parent
            if parent == root:
                break
    return folder


def graphs(folder: Path = Path()) -> dict[str, Path]:
    """Name -> file of every graph below ``graphs/``."""
    return dict(graph_files(folder / "graphs"))


def graph_files(folder: Path) -> list[tuple[str, Path]]:
    """Name and file of every graph in ``folder`` itself. If files share a name, the last one counts."""
    found: list[tuple[str, Path]] = []
    for path in sorted(folder.glob("[!.]*")):
        if path.is_dir():
            found += [(path.name, inside) for inside in inside(path)]
        elif path.suffix in SUFFIXES and path.is_file() and _may_be_graph(path):
            found.append((path.stem, path))
    return found


def name_of(path: Path) -> str:
    """The name that the graph in the file ``path`` has in its folder."""
    return path.resolve().parent.name if path.stem == "graph" else path.stem


def _may_be_graph(path: Path) -> bool:
    """Whether a file may be a graph: a module of helper functions beside the graphs is not."""
    return path.suffix != ".py" or b"Graph" in path.read_bytes()


def inside(folder: Path) -> list[Path]:
    """The graph files of a folder; the last one counts."""
    return [file for suffix in reversed(SUFFIXES) if (file := folder / f"graph{suffix}").is_file()]
