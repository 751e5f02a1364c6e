"""``max_active_runs``: how many runs of a graph are active at once, in a world where nothing happens by itself."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from orchestrator.core.active_runs import LIMIT, ActiveRuns, Policy
from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested, JobEnded
from orchestrator.core.graph import Graph
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.model import Run, RunStatus, Stop
from orchestrator.core.overdue import Pace
from orchestrator.core.pools import Place
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import UnexpectedError
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.operations.conditions import conditions
from orchestrator.operations.places_in_line import end_in_line, with_standings
from orchestrator.operations.waiting_to_begin import WaitingToBegin
from orchestrator.ports import CHECKS, LAUNCHES
from orchestrator.queues.local import LocalQueue
from orchestrator.reporting.condition import listed_run
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.reporting.overview import headline
from orchestrator.reporting.run_list import run_lines
from orchestrator.reporting.story import story
from orchestrator.reporting.times import duration
from orchestrator.reporting.watch import Watch
from tests.doubles.memory_store import MemoryStore

LONG = Script(1000.0)
STEPS = (
    Step("load", Work("job")),
    Step("report", Work("job"), after=("load",)),
    Step("clean-up", Work("job"), after=("report",), trigger=TriggerRule.ALL_DONE, teardown=True),
)


class Runs:
    """Runs of one graph, and what becomes of them. ``launched``: the steps of which jobs were made, as RUN/STEP."""

    def __init__(self, limit: int, policy: Policy = Policy.QUEUE) -> None:
        self.plan = Graph("g", STEPS, active=ActiveRuns(limit, policy)).compile()
        self.now, self.store, self.database = 100.0, MemoryStore(), Database(":memory:")
        self.queue = LocalQueue(self.database)
        self.jobs = ScriptedBackend(lambda _: LONG, lambda: self.now)
        self.engine = self.machine()
        self.keys: list[str] = []

    def machine(self) -> Engine:
        return Engine(Ledger(self.store, self.queue, {"job": self.jobs}, lambda: self.now))

    def start(self, name: str) -> Run:
        self.now += 1.0
        self.keys.append(f"key{name}")
        started = self.engine.start(Run(name, f"key{name}", "g", self.plan.version, {}, self.now), self.plan)
        self.settle()
        return started

    def settle(self, seconds: float = 0.0) -> None:
        self.now += seconds
        while any(self._deliver(name) for name in (CHECKS, LAUNCHES)):
            pass

    def _deliver(self, name: str) -> bool:
        found = self.queue.lease(self.keys, name, self.now, 1)
        for one in found:
            self.engine.perform(one.effect)
        self.queue.acknowledge(found)
        return bool(found)

    def end(self, name: str) -> None:
        """The jobs of a run end, one after the other."""
        while self.run(name).status is RunStatus.RUNNING:
            for job in [job for job in self.jobs.jobs.values() if job.request.run.id == name and job.end > self.now]:
                job.script = Script(self.now - job.launched_at)
                self.engine.signal(job.request.name)
            self.settle(12.0)

    def run(self, name: str) -> Run:
        found = self.store.find_run(name)
        assert found is not None
        return found

    @property
    def launched(self) -> list[str]:
        return [f"{job.request.run.id}/{job.request.step}" for job in self.jobs.jobs.values()]

    def end_state(self, name: str):  # type: ignore[no-untyped-def]
        return self.store.load_all(f"key{name}").state(self.plan.end)


@pytest.fixture
def world() -> Iterator[type[Runs]]:
    made: list[Runs] = []

    class Kept(Runs):
        def __init__(self, limit: int, policy: Policy = Policy.QUEUE) -> None:
            super().__init__(limit, policy)
            made.append(self)

    yield Kept
    for one in made:
        one.database.close()


def test_a_run_beyond_the_limit_waits_in_line_and_begins_when_one_has_ended(world: type[Runs]) -> None:
    found = world(1)
    for name in "abc":
        found.start(name)
    assert (found.launched, found.store.standing("graph:g")) == (["a/load"], (1, 2))
    assert found.run("b").status is RunStatus.RUNNING
    found.end("a")
    assert found.launched[-1] == "b/load"
    found.end("b")
    found.end("c")
    assert [found.run(name).status for name in "abc"] == [RunStatus.SUCCEEDED] * 3
    assert (found.store.standing("graph:g"), found.store.occupants("graph:g")) == ((0, 0), [])


def test_two_may_be_active_where_the_limit_is_two(world: type[Runs]) -> None:
    found = world(2)
    for name in "abc":
        found.start(name)
    assert found.launched == ["a/load", "b/load"]


def test_a_start_that_is_repeated_has_one_place_and_one_job(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("a")
    assert (found.launched, len(found.store.occupants("graph:g"))) == (["a/load"], 1)


def test_a_run_is_skipped_and_says_because_of_which(world: type[Runs]) -> None:
    found = world(1, Policy.SKIP)
    found.start("a")
    skipped = found.start("b")
    assert skipped.stop is not None
    assert skipped.skipped == "skipped: run 'a' is active, and max_active_runs of graph 'g' is 1"
    assert (found.run("b").status, found.launched) == (RunStatus.CANCELLED, ["a/load"])
    found.end("a")
    assert found.store.standing("graph:g") == (0, 0)
    found.start("c")
    assert found.launched[-1] == "c/load"


def test_a_run_whose_starter_died_while_it_was_being_skipped_ends_when_it_is_swept(world: type[Runs]) -> None:
    found = world(1, Policy.SKIP)
    found.start("a")
    run = replace(Run("b", "keyb", "g", found.plan.version, {}, found.now), active_limit=1, active_policy=Policy.SKIP)
    found.store.open_run(run, found.plan)
    found.keys.append("keyb")
    found.store.stop_run("keyb", Stop(found.now, "max_active_runs", "skipped: run 'a' is active"))
    found.now += 10_000.0
    found.engine.sweep_overdue(run, Pace())
    found.settle()
    assert found.run("b").status is RunStatus.CANCELLED
    assert not [job for job in found.launched if job.startswith("b/")]


def test_the_previous_run_is_cancelled_and_the_next_begins_when_its_jobs_have_ended(world: type[Runs]) -> None:
    found = world(1, Policy.CANCEL_PREVIOUS)
    found.start("a")
    found.start("b")
    stop = found.run("a").stop
    assert stop is not None
    assert (stop.by, "run 'b' took its place" in stop.why) == ("max_active_runs", True)
    for _ in range(30):
        found.settle(10.0)
    found.end("a")  # its teardown has run
    assert (found.run("a").status, found.run("b").status) == (RunStatus.CANCELLED, RunStatus.RUNNING)
    assert "a/clean-up" in found.launched
    assert found.launched[-1] == "b/load"


def test_a_run_that_comes_late_is_replaced_by_a_newer_one_that_has_begun_before_it(world: type[Runs]) -> None:
    """Of two that started at the same moment, the older one replaced the newer, if its start took longer."""
    found = world(1, Policy.CANCEL_PREVIOUS)
    found.start("b")
    late = Run("a", "keya", "g", found.plan.version, {}, found.now - 1.0)
    found.keys.append("keya")
    found.engine.start(late, found.plan)
    for _ in range(3):
        found.settle(10.0)
    stop = found.run("a").stop
    assert (found.run("a").status, found.run("b").stop, stop and stop.by) == (RunStatus.CANCELLED, None, LIMIT)
    assert found.launched == ["b/load"]


def test_of_those_in_line_only_the_newest_begins(world: type[Runs]) -> None:
    found = world(1, Policy.CANCEL_PREVIOUS)
    for name in "abc":
        found.start(name)
    for _ in range(30):
        found.settle(10.0)
    found.end("a")
    found.settle(30.0)
    assert [found.run(name).status for name in "abc"] == [
        RunStatus.CANCELLED, RunStatus.CANCELLED, RunStatus.RUNNING,
    ]  # fmt: skip
    assert not [job for job in found.launched if job.startswith("b/")]


def test_a_run_that_is_cancelled_in_line_ends_and_none_of_its_steps_runs(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    found.engine.cancel("keyb", Stop(found.now, "ann", "not today"))
    found.settle()
    assert found.run("b").status is RunStatus.CANCELLED
    assert (found.launched, found.store.standing("graph:g")) == (["a/load"], (1, 0))


def test_a_step_that_is_released_in_line_waits_for_its_run(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    found.engine.control("keyb", HoldRequested(Hold(found.now, "ann")), [0])
    found.engine.control("keyb", HoldReleased(found.now, "ann"), [0])
    found.settle()
    assert found.launched == ["a/load"]
    found.end("a")
    assert found.launched[-1] == "b/load"


def test_a_sweep_lets_a_run_begin_whose_starter_died(world: type[Runs]) -> None:
    found = world(1)
    run = replace(Run("a", "keya", "g", found.plan.version, {}, found.now), active_limit=1)
    found.store.open_run(run, found.plan)
    found.keys.append("keya")
    found.now += 10_000.0
    found.engine.sweep_overdue(run, Pace())
    found.settle()
    assert found.launched == ["a/load"]


def test_a_run_is_not_skipped_because_of_one_whose_records_are_deleted(world: type[Runs]) -> None:
    found = world(1, Policy.SKIP)
    found.start("a")
    found.store._states["keya"].clear()
    found.start("b")
    assert found.launched == ["a/load", "b/load"]


def test_a_run_that_dies_while_it_ends_gives_its_place_back_all_the_same(
    world: type[Runs], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    monkeypatch.setattr(found.store, "end_run", None)
    with pytest.raises(UnexpectedError):
        found.end("a")
    monkeypatch.undo()
    found.settle()
    assert found.launched[-1] == "b/load"


def test_a_run_that_no_process_drives_waits_for_a_place_again(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    gone = JobEnd(Outcome.INTERRUPTED, found.now, interruption=Interruption.ASKED)
    execution = found.engine.ledger.known("keya")
    found.engine.ledger.handle(execution, found.plan.end, JobEnded(1, gone))
    found.settle()
    assert found.launched[-1] == "b/load"
    found.engine = found.machine()
    found.engine.sweep("keya", "resumed")
    found.settle()
    assert found.store.standing("graph:g") == (1, 1)
    found.end("b")
    assert found.end_state("a").places == (Place("graph:g", 0),)
    found.end("a")
    assert found.run("a").status is RunStatus.SUCCEEDED


def test_a_smaller_limit_counts_the_places_that_it_takes_away(world: type[Runs]) -> None:
    found = world(3)
    for name in "abc":
        found.start(name)
    found.plan = replace(found.plan, version="2", active=ActiveRuns(1))
    found.start("d")
    numbers = {name: found.end_state(name).places[0].number for name in "abc"}
    for name in sorted("abc", key=numbers.__getitem__):
        assert not [job for job in found.launched if job.startswith("d/")]
        found.end(name)
    assert found.launched[-1] == "d/load"


def test_of_a_smaller_limit_no_place_is_given_to_another_while_all_of_it_are_active(world: type[Runs]) -> None:
    found = world(4)
    for name in "abcd":
        found.start(name)
    found.plan = replace(found.plan, version="2", active=ActiveRuns(3))
    found.start("e")
    first, second, *_ = sorted("abcd", key=lambda name: found.end_state(name).places[0].number)
    found.end(first)
    assert not [job for job in found.launched if job.startswith("e/")]
    found.end(second)
    assert found.launched[-1] == "e/load"


def test_who_waits_is_told_its_place_in_line_and_who_is_active(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    view = with_standings(None, found.store, found.store.load_all("keyb"))
    said = "waits for a place among the active runs of graph g, by max_active_runs (1 of 1 taken by a, 1st in line)"
    assert explain(found.plan, view, 0, found.now) == [f"pending: its run {said}"]
    assert headline(Found(None, found.run("b"), found.plan, view), found.now).endswith(f"; it {said}")


def test_who_drives_or_watches_a_run_hears_behind_which_it_waits_what_to_do_and_that_it_has_begun(
    world: type[Runs],
) -> None:
    found = world(1)
    for name in "abc":
        found.start(name)
    watch, said = Watch(found.run("c"), found.plan, found.store.load_all("keyc")), list[str]()
    told = WaitingToBegin(watch, " --home h", said.append)

    def look() -> None:
        told.look(end_in_line(None, found.store, found.plan, found.end_state("c")))

    look()
    look()
    found.end("a")
    look()
    found.end("b")
    watch.saw("keyc", found.plan.end, found.end_state("c"))
    look()
    pool = "run c waits for a place among the active runs of graph g, by max_active_runs"
    ways = "it begins by itself when there is one, 'orchestrator status {0} --home h' shows the run that has it, "
    ways += "'orchestrator cancel {0} --home h' ends that run, 'orchestrator cancel c --home h' ends this run"
    assert said == [
        f"waiting: {pool} (1 of 1 taken by a, 2nd in line); {ways.format('a')}",
        f"waiting: {pool} (1 of 1 taken by b, 1st in line); {ways.format('b')}",
        "the run has begun",
    ]


def test_a_run_that_is_cancelled_while_it_waits_is_not_said_to_have_begun(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    watch, said = Watch(found.run("b"), found.plan, found.store.load_all("keyb")), list[str]()
    WaitingToBegin(watch, "", said.append).look(found.end_state("b"))
    found.engine.cancel("keyb", Stop(found.now, "ann", "not today"))
    watch.saw("keyb", found.plan.end, found.end_state("b"))
    assert [line.partition(": ")[0] for line in said] == ["waiting"]


def test_a_list_says_which_runs_wait_in_line(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    runs = [found.run("b"), found.run("a")]
    known = conditions(None, found.store, runs)
    lines = run_lines([[(run, "running")] for run in runs], known)
    said = "waits for a place among the active runs of graph g, by max_active_runs (1 of 1 taken by a, 1st in line)"
    assert [line.split("  ")[-1] for line in lines[1:2]] == [said]
    assert known["keya"].end.waits is None
    waits = listed_run(runs[0], "running", known)["waits"]
    assert waits == {
        "said": said,
        "pool": None,
        "since": "1970-01-01T00:01:42.000Z",
        "places": 1,
        "taken": 1,
        "before": 0,
        "holders": ["a"],
    }
    assert "waits" not in listed_run(runs[1], "running", known)


def test_the_story_of_a_run_says_that_it_waited_and_when_it_began(world: type[Runs]) -> None:
    found = world(1)
    found.start("a")
    found.start("b")
    found.now += 60.0
    found.end("a")
    told = story(found.run("b"), found.plan, found.store.load_all("keyb"), [])
    waited = duration(found.end_state("b").claimed_at - 102.0)
    assert [(one.at - 102.0 if one.at < 110.0 else None, one.what) for one in told] == [
        (0.0, "run started"),
        (0.0, "waits in line to begin, by max_active_runs of its graph"),
        (None, f"begins, after {waited} in line"),
    ]
    assert [one.what for one in story(found.run("a"), found.plan, found.store.load_all("keya"), [])] == [
        "run started",
        "run succeeded",
    ]
