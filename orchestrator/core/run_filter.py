"""Which runs a list is to contain. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.core.model import Run, RunStatus


@dataclass(frozen=True, slots=True)
class RunFilter:
    """``graph``: only runs of the graph with this name. ``statuses``: only runs with one of these; empty: with any.

    ``since`` and ``until``: only runs that started then or later, and then or earlier, in seconds since the epoch.
    """

    graph: str | None = None
    statuses: Collection[RunStatus] = frozenset()
    since: float | None = None
    until: float | None = None

    def fits(self, run: Run) -> bool:
        return (
            (self.graph is None or run.graph == self.graph)
            and (not self.statuses or run.status in self.statuses)
            and (self.since is None or run.started_at >= self.since)
            and (self.until is None or run.started_at <= self.until)
        )


#: All runs.
EVERY = RunFilter()
