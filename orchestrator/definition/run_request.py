"""A requested run: a graph, params and a run id; and whether it is the same as the run that already has this id."""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes

from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import times_of_day
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import new_key
from orchestrator.core.steps import Json
from orchestrator.definition import params
from orchestrator.definition.deadline_keys import moments
from orchestrator.errors import UsageError
from orchestrator.expressions import zones
from orchestrator.home import check_run_id

#: The time zone of a graph without a schedule.
UTC_NAME = "Etc/UTC"


def _drawn() -> str:
    """A new, random key."""
    return new_key(token_bytes(7))


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A requested run. ``given``: its params as they were given, before defaults are added.

    ``due``: the time that ``today`` and ``now`` mean in them; None: the time of the start. ``makes_up``: it is not when
    the run was to start, but long ago. ``key``: the key of its run, if that is new. ``file``: the name of the graph's
    file in ``folder``, if it has one.
    """

    graph: Graph
    folder: Path
    run_id: str
    given: Mapping[str, object]
    due: datetime | None = None
    makes_up: bool = False
    key: str = field(default_factory=_drawn)
    file: str | None = None

    def run(self, now: float) -> Run:
        """The run if it starts ``now``. Raises UsageError if the params do not fit the graph, or UnknownZoneError.

        Its time zone is that of the graph's schedule, or UTC, no matter whether a schedule or a person starts it.
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
            file=self.file,
            notify=self.graph.notify,
            moments=self._moments(now, name),
        )

    def _moments(self, now: float, time_zone: str) -> dict[str, float]:
        """When the times of day of its deadlines are: the next after its start, or after that was due."""
        times = times_of_day(self.graph.steps, self.graph.deadline, self.graph.inners)
        start = datetime.fromtimestamp(now, UTC)
        return moments(times, start if self.due is None or self.makes_up else self.due, time_zone)

    def _params(self, now: float, time_zone: str) -> dict[str, Json]:
        """The params in ``time_zone``, if the run starts ``now``."""
        zone = zones.zone(time_zone)
        moment = self.due.astimezone(zone) if self.due is not None else datetime.fromtimestamp(now, zone)
        return params.resolve(self.graph.params, self.given, moment)

    def check_same(self, stored: Run, *, in_cloud: bool = False) -> None:
        """Raises UsageError unless ``stored`` is the run that this request asks for. Changes nothing.

        The error names the params that differ but shows no values: the caller may be somebody else, and it is logged.
        ``in_cloud``: its advice must be possible in the cloud, where no run can be resumed.
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
        asked = self.params_of(stored)
        if asked != stored.params:
            other = ", ".join(name for name in asked if asked[name] != stored.params.get(name))
            raise UsageError(f"run '{stored.id}' was started with other params ({other}): {fix}")

    def params_of(self, stored: Run) -> dict[str, Json]:
        """What this request's params are in ``stored``: ``today`` is the day on which that started, in its time zone.

        Raises UsageError if they do not fit the graph.
        """
        return self._params(stored.started_at, stored.time_zone)


def _resume(stored: Run) -> str:
    return f"continue it as it was with 'orchestrator resume {stored.id}'"


def run_request(
    graph: Graph,
    path: Path,
    run_id: str | None,
    given: Mapping[str, object],
    now: float,
    due: datetime | None = None,
    *,
    from_file: bool = True,
) -> RunRequest:
    """The request for a run of ``graph``, whose file is ``path``. Raises UsageError or UnknownZoneError.

    Without a ``run_id``, one is made up. ``due``: when a scheduled run was due, in any time zone. ``from_file``: the
    file defines the graph, and is not just where it was made.
    """
    named = made_up_id(graph.name, now) if run_id is None else run_id
    wanted = RunRequest(graph, path.parent, check_run_id(named), given, due, file=path.name if from_file else None)
    wanted.run(now)  # so that wrong params are refused before anything is written
    return wanted


def made_up_id(graph: str, now: float) -> str:
    """``daily-sales-20260131-060000-k3v9``, with the time in UTC."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{graph}-{time}-{''.join(random.choices(string.ascii_lowercase + string.digits, k=4))}"
