"""Reads ``graphs.lock`` as ``orchestrator lock`` wrote it, without checking any graph."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError

#: The file's name in the folder of the graphs, and the format that it has.
NAME = "graphs.lock"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a graph starts by itself."""

    cron: str
    time_zone: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """What the file says about a graph that is deployed.

    ``jobs_at_once``: the most Dataflow jobs of one run. ``classic``: the templates that are not Flex templates.
    """

    problems: tuple[str, ...]
    regions: tuple[str, ...]
    templates: tuple[str, ...]
    jobs_at_once: int
    schedule: Schedule | None
    classic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """``graphs`` by name. ``files``: the hash of each deployed file, by its path in the graphs' folder."""

    folder: Path
    graphs: Mapping[str, Locked]
    files: Mapping[str, str]

    @property
    def templates(self) -> tuple[str, ...]:
        """All of them, each once: ``gs://bucket/object``."""
        return tuple(sorted({template for graph in self.graphs.values() for template in graph.templates}))

    @property
    def classic(self) -> frozenset[str]:
        """The templates that are not Flex templates."""
        return frozenset(template for graph in self.graphs.values() for template in graph.classic)

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(sorted({region for graph in self.graphs.values() for region in graph.regions}))

    def stale(self) -> Iterator[str]:
        """The files that have changed since they were locked."""
        for name, sha in sorted(self.files.items()):
            file = self.folder / name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha:
                yield name


def read_lock(folder: Path) -> Lock:
    """The lock in the graphs' folder. Raises UsageError, with the fix, if there is none or it cannot be read."""
    path = folder / NAME
    fix = f"create it with 'orchestrator lock {folder}'"
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file: {fix}")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise UsageError(f"{path}: expected format {FORMAT}, got {said['format']!r}: {fix}")
        graphs = {name: _locked(graph) for name, graph in said["graphs"].items()}
        return Lock(folder, graphs, {str(name): str(sha) for name, sha in said["files"].items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: expected a file that 'orchestrator lock' wrote ({_named(error)}): {fix}") from error


def _locked(said: Mapping[str, Any]) -> Locked:
    when = said["schedule"]
    return Locked(
        tuple(said["problems"]),
        tuple(said["regions"]),
        tuple(said["templates"]),
        int(said["jobs_at_once"]),
        None if when is None else Schedule(when["cron"], when["time_zone"], when["paused"]),
        tuple(said.get("classic", ())),
    )


def _named(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)
