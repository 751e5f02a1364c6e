"""The schedules of the graphs in a folder, as they are now: read anew when a graph's file changes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import takewhile
from pathlib import Path

from orchestrator.cloud.start_body import scheduled_id
from orchestrator.core.graph import Graph, Schedule
from orchestrator.definition.catalog import graph_files, name_of
from orchestrator.definition.due import check_due, due_after, parsed_due, rfc3339
from orchestrator.definition.run_request import RunRequest, run_request
from orchestrator.errors import OrchestratorError, UsageError

#: Reads the schedule of the graph in a file; None if it has none. Raises OrchestratorError.
Read = Callable[[Path], Schedule | None]

#: What a file was when it was read: its path, and for each file that counts its name, time and size.
_Signature = tuple[Path, tuple[tuple[str, int, int], ...]]


@dataclass(frozen=True, slots=True, order=True)
class Start:
    """A start that is or was due at ``at``, seconds since the epoch, of the graph called ``name``."""

    at: float
    name: str
    path: Path

    @property
    def due(self) -> str:
        """``2026-01-31T05:00:00Z``."""
        return rfc3339(datetime.fromtimestamp(self.at, UTC))

    @property
    def run_id(self) -> str:
        """The id of its run, the same whoever starts it."""
        return scheduled_id(self.name, self.due)


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph. ``wrong``: why it cannot be read or run; else empty."""

    name: str
    path: Path
    schedule: Schedule | None
    wrong: str = ""

    @property
    def on(self) -> bool:
        return self.schedule is not None and not self.schedule.paused

    def starts(self, after: float) -> Iterator[Start]:
        """Those that are due after ``after``, in their order."""
        if self.schedule is None or self.schedule.paused:
            return
        for moment in due_after(self.schedule, datetime.fromtimestamp(after, UTC)):
            yield Start(moment.timestamp(), self.name, self.path)


def due_request(
    graph: Graph, path: Path, run_id: str | None, given: Mapping[str, object], now: float, due: str
) -> RunRequest:
    """The request for the run that the schedule of ``graph`` starts at the time ``due``. Raises UsageError."""
    if graph.schedule is None:
        raise UsageError(f"--due: {path}: the graph has no schedule: omit --due, or add a schedule")
    moment = parsed_due(due, graph.schedule)
    check_due(moment, graph.schedule, datetime.fromtimestamp(now, UTC))
    named = run_id or scheduled_id(name_of(path), rfc3339(moment))
    return run_request(graph, path, named, {**graph.schedule.params, **given}, now, moment)


class Timetable:
    """What is due when. ``refresh`` reads what has changed in ``folder``, a folder ``graphs``."""

    def __init__(self, folder: Path, read: Read) -> None:
        self.folder, self._read = folder, read
        self._seen: dict[str, _Signature] = {}
        self.entries: dict[str, Entry] = {}

    def refresh(self) -> list[Entry]:
        """Read the graphs that are new or have changed. Returns those whose schedule or mistake is another now."""
        found = dict(graph_files(self.folder))
        changed = []
        for name in self.entries.keys() - found.keys():
            del self._seen[name]
            gone = self.entries.pop(name)
            changed += [Entry(name, gone.path, None)] if gone.schedule or gone.wrong else []
        for name, path in found.items():
            signature = _signature(path)
            if self._seen.get(name) == signature:
                continue
            self._seen[name] = signature
            before, now = self.entries.get(name), self._entry(name, path)
            self.entries[name] = now
            if now != (before or Entry(name, path, None)):
                changed.append(now)
        return sorted(changed, key=lambda entry: entry.name)

    @property
    def scheduled(self) -> bool:
        """Whether any graph has a schedule, or cannot be read."""
        return any(entry.schedule is not None or entry.wrong for entry in self.entries.values())

    def between(self, after: float, until: float) -> list[Start]:
        """The starts that are due after ``after``, and not after ``until``, the earliest first."""
        return list(takewhile(lambda start: start.at <= until, self.starts(after)))

    def starts(self, after: float) -> Iterator[Start]:
        """All starts after ``after``, in their order."""
        return merge(*(entry.starts(after) for entry in self.entries.values()))

    def _entry(self, name: str, path: Path) -> Entry:
        try:
            return Entry(name, path, self._read(path))
        except OrchestratorError as error:
            return Entry(name, path, None, str(error).split("\n", 1)[0])


def _signature(path: Path) -> _Signature:
    """A Python graph may import what lies beside it."""
    found = sorted(path.parent.glob("*.py")) if path.suffix == ".py" else [path]
    told = []
    for file in found:
        try:
            seen = file.stat()
        except FileNotFoundError:  # it has just been deleted
            continue
        told.append((file.name, seen.st_mtime_ns, seen.st_size))
    return path, tuple(told)
