"""A requested run: a graph, params and a run id; and whether it is the same as the run that already has this id."""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import new_key
from orchestrator.core.steps import Json
from orchestrator.definition import params
from orchestrator.errors import UsageError
from orchestrator.expressions import zones
from orchestrator.home import check_run_id

#: The clock of a graph without a schedule.
UTC_NAME = "Etc/UTC"


def _drawn() -> str:
    """A new, random key."""
    return new_key(token_bytes(7))


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A requested run. ``given``: its params as they were given, before defaults are added.

    ``due``: the moment that ``today`` and ``now`` mean in them; None: that of its start. ``key``: its run's, if that is
    new.
    """

    graph: Graph
    folder: Path
    run_id: str
    given: Mapping[str, object]
    due: datetime | None = None
    key: str = field(default_factory=_drawn)

    def run(self, now: float) -> Run:
        """The run if it starts ``now``. Raises UsageError if the params are not what the graph wants.

        Its clock is that of the graph's schedule, or UTC: the same whether a schedule or a person starts it.
        It may raise UnknownZoneError.
        """
        name = self.graph.schedule.time_zone if self.graph.schedule else UTC_NAME
        return Run(
            self.run_id,
            self.key,
            self.graph.name,
            self.graph.version,
            self._params(now, name),
            now,
            folder=str(self.folder.resolve()),
            time_zone=name,
        )

    def _params(self, now: float, time_zone: str) -> dict[str, Json]:
        """The params by the clock of ``time_zone``, if the run starts ``now``."""
        zone = zones.zone(time_zone)
        moment = self.due.astimezone(zone) if self.due is not None else datetime.fromtimestamp(now, zone)
        return params.resolve(self.graph.params, self.given, moment)

    def check_same(self, stored: Run, *, in_cloud: bool = False) -> None:
        """Raises UsageError unless ``stored`` is the run that this request asks for. Nothing is lost by asking.

        It names the params that differ and tells no value: whoever asks may be somebody else, and the text is logged.
        ``in_cloud``: what it advises can be done there, where nobody resumes a run.
        """
        another = "choose another run id" if in_cloud else "choose another --run-id"
        fix = another if in_cloud or stored.status is not RunStatus.RUNNING else f"{_resume(stored)}, or {another}"
        if stored.graph != self.graph.name:
            raise UsageError(f"the run id '{stored.id}' belongs to a run of graph '{stored.graph}': {another}")
        if stored.version != self.graph.version:
            raise UsageError(
                f"run '{stored.id}' was started with version {stored.version} of the graph, and the file now has "
                f"version {self.graph.version}: {fix}"
            )
        # So that 'today' is the day on which it started, by the clock that it had then.
        asked = self._params(stored.started_at, stored.time_zone)
        if asked != stored.params:
            other = ", ".join(name for name in asked if asked[name] != stored.params.get(name))
            raise UsageError(f"run '{stored.id}' was started with other params ({other}): {fix}")


def _resume(stored: Run) -> str:
    return f"continue it as it was with 'orchestrator resume {stored.id}'"


def run_request(
    graph: Graph, path: Path, run_id: str | None, given: Mapping[str, object], now: float, due: datetime | None = None
) -> RunRequest:
    """The request for a run of ``graph``, whose file is ``path``. Raises UsageError. No ``run_id``: one is made up.

    ``due``: when a schedule wanted it, in any time zone. It may raise UnknownZoneError.
    """
    named = made_up_id(graph.name, now) if run_id is None else run_id
    wanted = RunRequest(graph, path.parent, check_run_id(named), given, due)
    wanted.run(now)  # so that wrong params are refused before anything is touched
    return wanted


def made_up_id(graph: str, now: float) -> str:
    """``daily-sales-20260131-060000-k3v9``, by the clock in UTC."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{graph}-{time}-{''.join(random.choices(string.ascii_lowercase + string.digits, k=4))}"
