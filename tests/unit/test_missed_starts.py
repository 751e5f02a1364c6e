"""Starts that were due and did not happen, told once: in the cloud by the sweep, on one machine by ``serve``."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cloud.missed_starts import GRACE, MOST, look
from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import MissedStart
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step
from orchestrator.core.task_codec import decode, encode
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.missed_starts import DueStart, composed, told
from orchestrator.engine.queue_permissions import misplaced
from orchestrator.home import Home
from orchestrator.operations.serve.server import MAX_TOLD, _newest
from orchestrator.operations.serve.telling import Telling
from orchestrator.operations.serve.timetable import Start
from orchestrator.ports import CHECKS, NOTICES
from tests.doubles.memory_store import MemoryStore
from tests.unit.test_notifying import Kept, Receiving

HOUR = 3600.0
HOURLY = {"sales": ("0 * * * *", "Etc/UTC")}
PLAN = compile_plan("sales", "v", (Step("a"),))
MISSED = MissedStart(run_key("sales-x"), "sales-x", "sales", 7200.0)


@dataclass
class Cloud:
    """A sweep's world: a store, a queue, and the note that sweeps leave."""

    noted: dict[str, Any] = field(default_factory=lambda: {"after": "k"})
    kept: Kept = field(default_factory=lambda: Kept({"ops": ["missed_start"], "desk": ["run_failed"]}))

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.engine = Engine(Ledger(self.store, self.kept, {}, lambda: 0.0, receivers=Receiving(self.kept)))

    def recall(self) -> Mapping[str, Any]:
        return self.noted

    def note(self, fields: Mapping[str, Any]) -> None:
        self.noted = dict(fields)

    def unfinished_keys(self, after: str, limit: int) -> list[str]:
        return []

    def look(self, now: float, schedules: Mapping[str, tuple[str, str]] = HOURLY) -> list[str]:
        return [one.run_id for one in look(self.engine, self, schedules, now)]

    def started(self, run_id: str) -> None:
        self.store.open_run(Run(run_id, run_key(run_id), "sales", "v", {}, 0.0), PLAN)


def test_a_sweep_looks_at_each_start_once_when_it_can_come_no_more():
    cloud = Cloud()
    assert cloud.look(100.0) == []  # from now on it counts
    assert cloud.look(HOUR + GRACE - 1) == []
    assert cloud.look(HOUR + GRACE) == ["sales-1970-01-01T010000Z"]
    assert cloud.look(HOUR + GRACE + 900) == []
    assert [(task.name, task.queue) for task in cloud.kept.tasks] == [
        (f"{run_key('sales-1970-01-01T010000Z')}-missed-start", CHECKS)
    ]
    assert cloud.noted["after"] == "k"


def test_a_start_that_happened_is_not_missed():
    cloud = Cloud()
    cloud.look(100.0)
    cloud.started("sales-1970-01-01T010000Z")
    assert cloud.look(2 * HOUR + GRACE) == ["sales-1970-01-01T020000Z"]


def test_a_schedule_that_is_new_or_has_changed_counts_from_then_on():
    cloud = Cloud()
    cloud.look(100.0)
    changed = {"sales": ("0 * * * *", "Europe/Berlin"), "new": ("* * * * *", "Etc/UTC")}
    assert cloud.look(3 * HOUR, changed) == []
    assert cloud.look(3 * HOUR + 60, {}) == []
    assert cloud.noted == {"after": "k", "starts": {}}


def test_after_a_long_silence_only_the_newest_are_looked_at():
    cloud = Cloud()
    cloud.look(100.0)
    found = cloud.look(1000 * HOUR)
    assert (len(found), found[-1]) == (MOST, "sales-1970-02-11T150000Z")


def test_each_receiver_that_wants_to_know_is_told_unless_the_run_is_there_by_now():
    cloud = Cloud()
    cloud.engine.perform(MISSED)
    (task,) = cloud.kept.tasks
    assert (task.name, task.queue) == (f"{MISSED.run}-missed-start-to-ops", NOTICES)
    assert misplaced(NOTICES, task.effect) is None
    assert decode(encode(task.effect)) == task.effect
    cloud.engine.perform(task.effect)
    ((to, said),) = cloud.kept.told
    assert (to, said.id, said.occasion) == ("ops", f"{MISSED.run}-missed-start", "missed_start")
    assert said.text.splitlines() == [
        "the start of graph sales that was due at 1970-01-01T02:00:00.000Z did not happen: there is no run sales-x",
        "",
        "Start it: orchestrator start sales",
    ]
    cloud.started("sales-x")
    cloud.engine.perform(task.effect)
    assert len(cloud.kept.told) == 1
    assert composed(cloud.engine.ledger, MISSED) is None


def test_whom_the_newest_run_of_the_graph_notifies_is_told():
    cloud = Cloud()
    cloud.kept.notify = {"hub": ["missed_start"]}
    cloud.engine.start(Run("r1", "r1", "sales", "v", {}, 0.0), PLAN)
    cloud.kept.notify = {"ops": ["missed_start"]}
    assert [task.effect.to for task in told(cloud.engine.ledger, MISSED)] == ["hub"]  # type: ignore[union-attr]


def test_servers_tell_once_and_keep_what_nobody_has_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "graphs").mkdir()
    monkeypatch.chdir(tmp_path)
    command = "echo $ORCHESTRATOR_NOTIFICATION_TEXT >> told"
    receivers = f"desk: {{command: '{command}'}}, down: {{command: 'exit 1'}}"
    (tmp_path / "orchestrator.yaml").write_text(f"notify: {{{receivers}}}\n")
    said, start = list[str](), Start(float(int(time.time())), "sales", tmp_path / "graphs/sales.yaml")
    for _ in range(2):
        server = Telling(Home(tmp_path / "home"), tmp_path / "graphs", said.append)
        server.owe([start])
        server.tell()
        server.tell()
    assert (tmp_path / "told").read_text().count("did not happen") == 1
    assert "not notified: receiver 'down'" in said[0]
    later = Telling(Home(tmp_path / "home"), tmp_path / "graphs", said.append)
    later.tell()
    assert later._untold == [run_key(start.run_id)]


def test_what_is_due_has_the_id_of_its_run():
    assert DueStart("sales", "sales-x", 7200.0).run_id == MISSED.run_id


def test_of_so_many_missed_starts_receivers_are_told():
    late = [Start(float(number), name, Path()) for number in range(MAX_TOLD + 5) for name in ("a", "b")]
    told_of = _newest(late, late[-2:])
    assert len(told_of) == 2 * MAX_TOLD == 20
    assert max(start.at for start in told_of) == MAX_TOLD + 3
