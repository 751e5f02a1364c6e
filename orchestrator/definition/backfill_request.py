"""A requested backfill: a run for each slot of a range of days, for each combination of values, or for both."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Json
from orchestrator.definition import over, params, slots
from orchestrator.definition.run_request import UTC_NAME, RunRequest, run_request
from orchestrator.definition.slot_range import Range
from orchestrator.errors import UsageError
from orchestrator.expressions import zones
from orchestrator.text import quoted

#: The most runs of one backfill.
MAX_RUNS = 10_000

#: How many params that do not fit are told one by one.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Slot:
    """One run of a backfill. ``moment``: what ``today`` and ``now`` mean in it; None without a range of days."""

    request: RunRequest
    moment: datetime | None
    values: Mapping[str, Json]

    @property
    def run_id(self) -> str:
        return self.request.run_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wrote. ``over``: a list of values by param. ``name``: what the ids of the runs begin with; None:
    the graph's name and ``-backfill``.
    """

    days: Range = field(default_factory=Range)
    over: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)
    reverse: bool = False
    name: str | None = None


def backfill(graph: Graph, path: Path, asked: Asked, now: float) -> list[Slot]:
    """The runs, in the order in which they are to be started. Raises UsageError, with everything that is wrong."""
    wrong: list[str] = []
    moments = _moments(graph, asked, now, wrong)
    wrong += [f"--over {name}: --param sets it too: keep one of the two" for name in asked.over if name in asked.given]
    values = over.lists(asked.over, wrong)
    if math.prod([len(moments), *map(len, values.values())]) > MAX_RUNS:
        wrong.append(f"expected at most {MAX_RUNS:,} runs, got more: give a shorter range, or a longer --every")
        values = {name: listed[:1] for name, listed in values.items()}
    combinations = over.combinations(values)
    common = {**(graph.schedule.params if graph.schedule and asked.days.given else {}), **asked.given}
    wrong += _misfits(graph, common, combinations)
    if wrong:
        raise UsageError("\n".join(wrong))
    name = asked.name or f"{graph.name}-backfill"
    found = [
        Slot(
            replace(
                run_request(graph, path, over.run_id(name, _called(moment), each), {**common, **each}, now, moment),
                makes_up=True,
            ),
            moment,
            each,
        )
        for moment in moments
        for each in combinations
    ]
    _check_different(found, now)
    return found


def _called(moment: datetime | None) -> str:
    return slots.called(moment) if moment is not None else ""


def _moments(graph: Graph, asked: Asked, now: float, wrong: list[str]) -> Sequence[datetime | None]:
    """The slots, at most one more than there may be; a single None if no range is asked for."""
    if not asked.days.given:
        if not asked.over:
            wrong.append("expected --from DAY and --to DAY, or --over NAME=VALUE,VALUE")
        return [None]
    zone = zones.zone(graph.schedule.time_zone if graph.schedule else UTC_NAME)
    try:
        found = list(islice(asked.days.moments(graph.schedule, datetime.fromtimestamp(now, zone)), MAX_RUNS + 1))
    except UsageError as error:
        wrong.append(str(error))
        return []
    if not found:
        wrong.append("the range has no slot: give a longer one, or another --every")
    return found[::-1] if asked.reverse else found


def _misfits(graph: Graph, common: Mapping[str, object], combinations: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    """What is wrong with the params of any run, each once."""
    found = (misfit for each in combinations for misfit in params.misfits(graph.params, {**common, **each}))
    told = dict.fromkeys(f"param {quoted(name)}: {sentence}" for name, sentence in found)
    yield from islice(told, _LISTED)
    if len(told) > _LISTED:
        yield f"and {len(told) - _LISTED:,} more params that do not fit"


def _check_different(found: Sequence[Slot], now: float) -> None:
    """Raises UsageError if two runs would have the same params: they would do the same."""
    seen: dict[str, Slot] = {}
    for slot in found:
        text = json.dumps(slot.request.run(now).params, sort_keys=True)
        if (other := seen.setdefault(text, slot)) is not slot:
            raise UsageError(
                f"runs {other.run_id} and {slot.run_id} would have the same params, and so would do the same: "
                "let a param take the slot, with '--param NAME=today' or '--param NAME=now', or give another --every"
            )
