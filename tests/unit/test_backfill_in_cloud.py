"""A backfill in a deployment: each slot is started once, a few at a time, and followed to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.steps import Step
from orchestrator.definition.backfill_request import Asked, Slot, backfill
from orchestrator.definition.load import load_graph
from orchestrator.definition.slot_range import Range
from orchestrator.errors import UsageError
from orchestrator.operations.backfill.in_cloud import CloudBackfill
from orchestrator.operations.backfill.slots import Does, Result, planned
from tests.doubles.memory_store import MemoryStore

PLAN = compile_plan("sales", "v", (Step("a"),))
GRAPH = "name: sales\nparams: {date: {type: date, default: today}}\nsteps: {a: {wait: 1s}}\n"


@dataclass
class Far:
    """A deployment whose runs end at the second look. ``fails``: which of them fail. ``most``: were open at once."""

    store: MemoryStore = field(default_factory=MemoryStore)
    fails: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    started: list[tuple[str, Any]] = field(default_factory=list)
    looked: dict[str, int] = field(default_factory=dict)
    most: int = 0
    said: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def start(self, run_id: str, params: Mapping[str, Any]) -> None:
        if run_id in self.refuses:
            raise UsageError("no deployed graph is called 'sales'")
        self.started.append((run_id, params["date"]))
        self.store.open_run(Run(run_id, f"key-{run_id}", "sales", "v", dict(params), float(len(self.started))), PLAN)
        self.most = max(self.most, len(self.store.unfinished()))

    def rerun(self, run_id: str) -> str:
        new = f"{run_id}.2"
        self.started.append((new, None))
        self.store.open_run(Run(new, f"key-{new}", "sales", "v", {}, 99.0, rerun_of=run_id, family=run_id), PLAN)
        return new

    def say(self, text: str) -> None:
        self.said.append(text)

    def ended(self, result: Result) -> None:
        self.results.append(result)

    def find_run(self, run_id: str) -> Run | None:
        return self.store.find_run(run_id)

    def get_run(self, key: str) -> Run | None:
        self.looked[key] = self.looked.get(key, 0) + 1
        run = self.store.get_run(key)
        if run is not None and self.looked[key] == 2:
            status = RunStatus.FAILED if run.id in self.fails else RunStatus.SUCCEEDED
            self.store.end_run(key, status, 100.0, {})
        return self.store.get_run(key)


@pytest.fixture
def slots(tmp_path: Path) -> list[Slot]:
    path = tmp_path / "sales.yaml"
    path.write_text(GRAPH)
    graph: Graph = load_graph(path)
    return backfill(graph, path, Asked(Range("2026-01-01", "2026-01-05")), 1.8e9)


def worked(far: Far, slots: list[Slot], failed: bool = False, at_once: int = 2) -> dict[str, str]:
    far.results.clear()
    plan = planned(None, far.store, slots, failed)
    working = CloudBackfill(far, far, plan, at_once, far, look=0.0)  # type: ignore[arg-type]
    working.go()
    assert working.done
    return {result.run_id: result.word for result in far.results}


DAYS = [f"2026-01-0{day}" for day in range(1, 6)]
IDS = [f"sales-backfill-{day}" for day in DAYS]


def test_each_slot_is_started_once_and_only_a_few_are_open(slots: list[Slot]):
    far = Far(fails=(IDS[3],))
    assert worked(far, slots) == {run: "failed" if run == IDS[3] else "succeeded" for run in IDS}
    assert far.started == list(zip(IDS, DAYS, strict=True))
    assert far.most == 2
    assert worked(far, slots) == {}
    assert len(far.started) == 5


def test_what_failed_is_rerun_if_that_is_wanted(slots: list[Slot]):
    far = Far(fails=(IDS[1],))
    worked(far, slots)
    assert worked(far, slots, failed=True) == {f"{IDS[1]}.2": "succeeded"}
    assert [one.does for one in planned(None, far.store, slots, True)] == [Does.NOTHING] * 5  # type: ignore[arg-type]


def test_what_runs_already_is_followed_and_not_started_again(slots: list[Slot]):
    far = Far()
    far.start(IDS[0], {"date": DAYS[0]})
    assert [one.does for one in planned(None, far.store, slots, False)] == [Does.FOLLOW, *[Does.RUN] * 4]
    assert set(worked(far, slots)) == set(IDS)
    assert [run for run, _ in far.started] == IDS


def test_what_cannot_be_started_is_told_and_the_rest_goes_on(slots: list[Slot]):
    far = Far(refuses=(IDS[0],))
    assert worked(far, slots)[IDS[0]] == "not started"
    assert far.results[0].said == "no deployed graph is called 'sales'"
    assert len(far.started) == 4


def test_one_that_is_stopped_starts_nothing_more_and_is_taken_up_again(slots: list[Slot]):
    far = Far()
    working = CloudBackfill(far, far, planned(None, far.store, slots, False), 2, far, look=0.0)  # type: ignore[arg-type]
    far.say = lambda _: working.stop()  # type: ignore[method-assign]
    working.go()
    assert (working.done, [run for run, _ in far.started]) == (False, IDS[:1])
    far.say = lambda _: None  # type: ignore[method-assign]
    assert set(worked(far, slots)) == set(IDS)
    assert [run for run, _ in far.started] == IDS
