"""Backfills: what has become of each slot, and what the same command would do with it now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.model import Run, RunStatus
from orchestrator.definition.backfill_request import Slot
from orchestrator.definition.reruns import rounds
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.ports import Reader

#: How many conflicts are told one by one.
_LISTED = 10


class Does(StrEnum):
    """What a backfill does with a slot."""

    RUN = "run"
    CONTINUE = "continue"
    RERUN = "rerun"
    WAIT = "wait"
    FOLLOW = "follow"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Planned:
    """A slot, and what is done with it. ``newest``: the newest of its runs: the first one, or the last rerun of it."""

    slot: Slot
    newest: Run | None
    does: Does

    @property
    def run_id(self) -> str:
        return self.newest.id if self.newest is not None else self.slot.run_id


@dataclass(frozen=True, slots=True)
class Result:
    """How a slot ended: its newest run; None if it has none. ``said``: why none could be started; else empty."""

    slot: Slot
    run: Run | None
    said: str = ""

    @property
    def run_id(self) -> str:
        return self.run.id if self.run is not None else self.slot.run_id

    @property
    def word(self) -> str:
        """``succeeded``, ``failed``, ``cancelled``, or ``not started``."""
        return "not started" if self.run is None else str(self.run.status)

    @property
    def succeeded(self) -> bool:
        return self.run is not None and self.run.status is RunStatus.SUCCEEDED


def planned(home: Home | None, store: Reader | None, slots: Sequence[Slot], failed: bool) -> list[Planned]:
    """What is done with each slot. ``store``: None if nothing has run in the home. ``failed``: reruns are wanted.

    ``home``: None in the cloud, where runs go on by themselves.

    Raises UsageError if runs with these ids are of another graph, or had other params.
    """
    if store is None:
        return [Planned(slot, None, Does.RUN) for slot in slots]
    found: list[Planned] = []
    wrong: list[str] = []
    for slot in slots:
        first = store.find_run(slot.run_id)
        if first is not None and (conflict := _conflict(slot, first)):
            wrong.append(conflict)
        newest = newest_round(store, slot.run_id)
        found.append(Planned(slot, newest, _does(home, newest, failed)))
    if wrong:
        more = [f"and {len(wrong) - _LISTED:,} more such runs"] if len(wrong) > _LISTED else []
        fix = "give the same params, or another --name, with which all slots run again"
        raise UsageError("\n".join([*wrong[:_LISTED], *more, fix]))
    return found


def _does(home: Home | None, newest: Run | None, failed: bool) -> Does:
    if newest is None:
        return Does.RUN
    match newest.status:
        case RunStatus.RUNNING:
            if home is None:
                return Does.FOLLOW
            return Does.WAIT if home.driven(newest.id) else Does.CONTINUE
        case RunStatus.SUCCEEDED:
            return Does.NOTHING
        case RunStatus.FAILED | RunStatus.CANCELLED:
            return Does.RERUN if failed else Does.NOTHING


def newest_round(store: Reader, run_id: str) -> Run | None:
    """The run of that id, or the last of its reruns, which are called ``RUN.2``, ``RUN.3``…"""
    newest = store.find_run(run_id)
    for again in rounds(store, run_id) if newest is not None else ():
        newest = again if again.family == run_id else newest
    return newest


def _conflict(slot: Slot, stored: Run) -> str:
    """Why ``stored`` is not the run of that slot; empty if it is. Params that the graph has gained do not count."""
    if stored.graph != slot.request.graph.name:
        return f"run '{stored.id}' is a run of graph '{stored.graph}'"
    asked = slot.request.params_of(stored)
    other = [name for name, value in asked.items() if name in stored.params and stored.params[name] != value]
    return f"run '{stored.id}' was started with other params ({', '.join(other)})" if other else ""


def results(plan: Iterable[Planned]) -> list[Result]:
    """Those of the slots with which nothing is done."""
    return [Result(one.slot, one.newest) for one in plan if one.does is Does.NOTHING and one.newest is not None]
