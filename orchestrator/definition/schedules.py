"""Checks a graph's schedule: its times, its time zone and its params."""

from collections.abc import Collection, Iterator, Sequence

from orchestrator.core.graph import Graph, Schedule
from orchestrator.core.param import Param
from orchestrator.definition import cron, params
from orchestrator.errors import Problem
from orchestrator.expressions import zones


def check(graph: Graph, unsure: Collection[str] = ()) -> list[Problem]:
    """All mistakes in the schedule of ``graph``. ``unsure``: params that are wrong themselves or missing."""
    if graph.schedule is None:
        return []
    declared = [param for param in graph.params if param.name not in unsure]
    return list(_wrong(graph.schedule, declared, unsure))


def _wrong(schedule: Schedule, declared: Sequence[Param], unsure: Collection[str]) -> Iterator[Problem]:
    for sentence in cron.wrong(schedule.cron):
        yield Problem(("schedule", "cron"), sentence)
    if no_zone := zones.wrong(schedule.time_zone, zones.known()):
        yield Problem(("schedule", "time_zone"), no_zone)
    given = {name: value for name, value in schedule.params.items() if name not in unsure}
    for name, sentence in params.misfits(declared, given):
        yield Problem(("schedule", "params", name), sentence)
