"""Deadlines: when a run or a step is late, when that is to be expected, and what receivers are told, each once."""

from dataclasses import dataclass, field, replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.deadlines import changed, next_look, too_slow, written
from orchestrator.core.events import DeadlineEndangered, DeadlineMissed
from orchestrator.core.graph import Graph
from orchestrator.core.messages import Deadline, Finish, Notify
from orchestrator.core.model import Counter, Run, RunStatus, Status, StepState, Tally, View
from orchestrator.core.plan import Plan
from orchestrator.core.plan_codec import plan_from_json, plan_to_json
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step
from orchestrator.core.task_codec import decode, encode
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError, NotFoundError, QueueError
from tests.doubles.memory_store import MemoryStore
from tests.unit.test_notifying import Kept, Receiving

A, B = Step("a", deadline=100.0), Step("b", after=("a",))
LATE = {"ops": ["late"]}


def compiled(*steps: Step, deadline: float | None = None) -> Plan:
    return replace(compile_plan("sales", "v", steps), deadline=deadline)


@dataclass
class World:
    """One run that nobody drives. ``states`` are written as if by magic."""

    plan: Plan
    typical: str = ""
    kept: Kept = field(default_factory=lambda: Kept(LATE))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        receivers = Receiving(self.kept)
        self.engine = Engine(Ledger(self.store, self.kept, {}, lambda: self.now, receivers=receivers, clock_skew=60.0))
        self.engine.start(Run("r1", "key", "sales", "v", {}, 0.0, typical=self.typical), self.plan)

    def set(self, node: int, state: StepState) -> None:
        self.store._states["key"][node] = state

    def state(self, node: int) -> StepState:
        return self.store.load("key", [node], ()).state(node)

    def look(self, at: float) -> list[str]:
        """What is put by a look at that time: names of tasks."""
        self.now = at
        self.kept.tasks.clear()
        self.engine.perform(Deadline("key"))
        return [task.name for task in self.kept.tasks]

    def told(self, *, node: int = -1, ahead: int = 0) -> str:
        self.engine.perform(Notify("key", "ops", "late", node, ahead=ahead))
        return self.kept.told[-1][1].text.splitlines()[0] if self.kept.told else ""


def looks(world: World) -> list[float]:
    return [task.due for task in world.kept.tasks if isinstance(task.effect, Deadline)]


RUNNING = StepState(Status.RUNNING, 1, started_at=10.0, job_name="j", claimed_at=9.0, job="j")


def test_a_run_s_deadline_is_looked_at_when_it_comes_and_told_once():
    world = World(compiled(Step("a"), deadline=100.0))
    assert looks(world) == [100.0]
    assert world.look(99.0) == ["key-deadline-at-186a0"]
    assert world.look(100.0) == ["key-late-to-ops"]
    assert world.state(world.plan.end).missed_at == 100.0
    assert world.look(101.0) == []
    assert world.told() == ("run r1 of graph sales is late: it had not ended by its deadline, 1970-01-01 00:01:40 UTC")


def test_a_step_that_ended_in_time_is_not_late():
    world = World(compiled(A, B))
    world.set(0, StepState(Status.SUCCEEDED, 1, ended_at=100.0))
    assert world.look(500.0) == []
    assert world.state(0).missed_at is None


def test_a_step_that_ended_too_late_before_anybody_looked_is_late():
    world = World(compiled(A, B))
    world.set(0, StepState(Status.FAILED, 1, ended_at=101.0))
    assert world.look(500.0) == ["key-late-0-0-to-ops"]
    assert world.told(node=0).startswith("step a of run r1 of graph sales is late")
    assert "ended since then, at 1970-01-01 00:01:41 UTC, 1.0 s after its deadline" in world.kept.told[0][1].text


def test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended():
    """a takes 30 s, b after it 60 s, and c beside them 10 s: if a runs at 40, the run ends at 100 at the earliest."""
    world = World(compiled(Step("a"), B, Step("c"), deadline=100.0), "30,60,10")
    assert looks(world) == [11.0]  # a has to begin by 10
    world.set(0, RUNNING)
    assert world.look(11.0) == ["key-deadline-at-a028"]  # a has to end by 40
    assert world.look(40.0) == ["key-deadline-at-a028"]
    assert world.look(41.0) == ["key-late-ahead-to-ops", "key-deadline-at-186a0"]
    state = world.state(world.plan.end)
    assert (state.endangered_at, state.forecast, state.missed_at) == (41.0, 101.0, None)
    assert world.look(50.0) == ["key-deadline-at-186a0"]
    assert world.told(ahead=1) == (
        "run r1 of graph sales is expected to end at 1970-01-01 00:01:41 UTC, 1.0 s after its deadline"
    )
    assert world.look(100.0) == ["key-late-to-ops"]


def test_an_attempt_that_begins_too_late_owes_a_look_at_once():
    plan, run = compiled(Step("a"), B, deadline=100.0), Run("r1", "key", "sales", "v", {}, 0.0, typical="30,60")
    in_time, late = replace(RUNNING, started_at=10.0), replace(RUNNING, started_at=10.5, attempt=2)
    assert list(too_slow(run, plan, View({0: in_time}), [0])) == []
    assert list(too_slow(run, plan, View({0: late}), [0])) == [Deadline("key", after=0, of_attempt=2)]
    again = StepState(Status.UP_FOR_RETRY, 1, due=11.0)
    assert list(too_slow(run, plan, View({0: again}), [0])) == [Deadline("key", after=0, of_attempt=2)]
    assert list(too_slow(replace(run, typical=""), plan, View({0: late}), [0])) == []


def test_a_step_that_does_not_wait_for_others_is_not_expected_late_because_of_them():
    plan = compiled(Step("a"), replace(B, trigger=TriggerRule.ONE_DONE, deadline=50.0))
    world = World(plan, "900,30")
    assert looks(world) == [21.0]
    assert world.look(19.0) == ["key-deadline-at-5208"]


def test_what_is_unknown_counts_as_nothing():
    world = World(compiled(Step("a"), B, deadline=100.0), ",60")
    assert looks(world) == [41.0]
    assert World(compiled(Step("a"), B, deadline=100.0), "1,2,3").look(5.0) == ["key-deadline-at-186a0"]
    assert (written([None, 1.6, 0.0]), written([None])) == (",2,0", "")


def test_a_run_that_ends_too_late_says_so_before_it_ends():
    world = World(compiled(A, deadline=150.0))
    world.set(0, StepState(Status.SUCCEEDED, 1, ended_at=120.0))
    world.now = 200.0
    world.kept.tasks.clear()
    world.engine.perform(Finish("key"))
    assert [task.name for task in world.kept.tasks] == ["key-late-0-0-to-ops", "key-late-to-ops"]
    run = world.store.get_run("key")
    assert run is not None
    assert (run.status, run.ended_at) == (RunStatus.SUCCEEDED, 200.0)
    assert world.look(300.0) == []


def test_nothing_is_told_that_is_not_recorded():
    world = World(compiled(A, deadline=150.0))
    world.now = 200.0
    with pytest.raises(BackendError, match="that is not recorded yet: try again later"):
        world.engine.perform(Notify("key", "ops", "late"))
    world.store.end_run("key", RunStatus.SUCCEEDED, 90.0)
    world.engine.perform(Notify("key", "ops", "late"))
    world.engine.perform(Notify("key", "ops", "late", ahead=1))
    assert world.kept.told == []


def test_a_look_that_comes_too_early_is_delivered_again():
    world = World(compiled(A))
    with pytest.raises(BackendError, match="came 100 s early: try again later"):
        world.engine.perform(Deadline("key", due=100.0))
    world.now = 41.0  # the queue's clock may be ahead by a minute
    world.engine.perform(Deadline("key", due=100.0))
    assert world.state(0).missed_at == 100.0


def test_a_run_without_deadlines_owes_no_look():
    world = World(compiled(B, Step("a")))
    assert looks(world) == []
    assert next_look(Run("r1", "key", "sales", "v", {}, 0.0), world.plan, View()) is None
    with pytest.raises(NotFoundError, match="it has no deadline"):
        world.engine.perform(Deadline("key"))


def test_durations_are_the_medians_of_earlier_runs():
    world = World(compiled(A, B))
    for number, (took, status) in enumerate([(10.0, "succeeded"), (30.0, "failed"), (20.0, "succeeded")]):
        run = Run(f"old-{number}", f"old{number}", "sales", "v", {}, -100.0 + number)
        world.store.open_run(run, world.plan)
        world.store._states[run.key] = {
            0: StepState(Status.SUCCEEDED, 1, started_at=5.0, ended_at=5.0 + took),
            1: StepState(Status.SKIPPED, ended_at=50.0) if number else StepState(Status.FAILED, 1, ended_at=50.0),
        }
        world.store.end_run(run.key, RunStatus(status), 90.0)
    started = world.engine.start(Run("r2", "key2", "sales", "v", {}, 0.0), world.plan)
    assert started.typical == "20,0"


def test_a_deadline_is_part_of_a_version_and_is_stored():
    plain, graph = Graph("g", (B, replace(A, deadline=None))), Graph("g", (B, A), deadline=9.0)
    assert plain.version != replace(plain, deadline=9.0).version != graph.version
    plan = graph.compile()
    assert plan_from_json(plan_to_json(plan)) == plan
    assert plan.deadlines == {1: 100.0, plan.end: 9.0}


@pytest.mark.parametrize(
    "effect", [Deadline("key", 5.0), Deadline("key", 0.0, 3, 2), Notify("key", "o", "late", ahead=1)]
)
def test_tasks_are_read_as_they_were_written(effect: Deadline | Notify):
    assert decode(encode(effect)) == effect


def test_what_was_noted_is_not_noted_again_and_nothing_is_expected_of_what_has_ended():
    running, ended = replace(RUNNING, endangered_at=1.0, forecast=2.0), StepState(Status.FAILED, 1, ended_at=50.0)
    assert changed(running, DeadlineEndangered(5.0, 9.0)) is None
    assert changed(ended, DeadlineEndangered(5.0, 9.0)) is None
    assert changed(replace(RUNNING, missed_at=4.0), DeadlineMissed(5.0, 3.0)) is None
    assert changed(replace(RUNNING, missed_at=4.0), DeadlineEndangered(5.0, 9.0)) is None


def test_nothing_is_recorded_that_is_not_on_the_queue():
    world = World(compiled(A))

    def down(_: object) -> None:
        raise QueueError("down")

    world.engine.ledger.queue.put = down  # type: ignore[method-assign]
    world.now = 200.0
    with pytest.raises(QueueError):
        world.engine.perform(Deadline("key"))
    assert world.state(0).missed_at is None


def test_whoever_completes_a_start_and_a_sweep_put_the_look_again():
    world = World(compiled(A))
    for key in ("key", "another"):
        world.kept.tasks.clear()
        assert world.engine.start(Run("r1", key, "sales", "v", {}, 0.0), world.plan).key == "key"
        assert looks(world) == [100.0]
    world.kept.tasks.clear()
    world.engine.sweep("key", "e")
    assert looks(world) == [100.0]


def test_who_commits_that_an_attempt_runs_puts_the_look_that_this_owes():
    world = World(compiled(Step("a"), B, deadline=100.0), "30,60")
    world.kept.tasks.clear()
    world.engine.ledger.pay(world.engine.ledger.known("key"), View({0: replace(RUNNING, started_at=11.0)}), [0])
    assert [task.name for task in world.kept.tasks if isinstance(task.effect, Deadline)] == ["key-deadline-0-1"]


def test_nothing_is_noted_of_a_step_whose_record_was_deleted():
    """Seed 1312: the note made a record of a step that had not begun, and hid that the step's own was gone."""
    world = World(compiled(A, Step("c"), Step("b", after=("a", "c"))))
    world.store._counters["key"][0] = Counter(2, Tally(succeeded=2))
    assert world.look(500.0) == ["key-deadline-at-186a0"]  # a name that the queue has had
    assert world.store.load_all("key").states == {}
    del world.store._counters["key"][0]
    assert world.look(500.0) == ["key-late-0-0-to-ops"]
