"""Steps that wait for places in a pool, in a world where nothing happens by itself."""

import json
from dataclasses import dataclass, replace

import pytest

from orchestrator.core.codec import state_from_json, state_to_json
from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested, JobEnded, LaunchClaimed
from orchestrator.core.graph import Graph
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.machine import evolve
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import PENDING, Status, StepState, View
from orchestrator.core.overdue import Pace
from orchestrator.core.pools import Place, Wait, rank_of
from orchestrator.core.retries import MAX_NO_QUOTA
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.sweeping import everything
from orchestrator.errors import QuotaError, UnexpectedError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import CHECKS, LAUNCHES, JobRequest, Launched, Occupant, Pool
from orchestrator.reporting.phrases import waits_for
from orchestrator.reporting.story import story
from orchestrator.reporting.times import duration
from tests.unit.engine_world import JOB, KEY, STOP, World

LONG = Script(1000.0)


@dataclass
class Pooled(World):
    """A world with pools."""

    pools: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engine.ledger.pools = dict(self.pools)

    def settle(self, seconds: float = 0.0) -> None:
        """Deliver all that is due then, until nothing is."""
        self.now += seconds
        while any(self._deliver(name) for name in (CHECKS, LAUNCHES)):
            pass

    def _deliver(self, name: str) -> bool:
        found = self.queue.lease([KEY], name, self.now, 1)
        for one in found:
            self.engine.perform(one.effect)
        self.queue.acknowledge(found)
        return bool(found)

    def end(self, step: str, outcome: Outcome = Outcome.SUCCEEDED) -> None:
        """The job of a step ends now, and that is heard of."""
        state = self.state(step)
        job = self.jobs.jobs[state.job or ""]
        job.script = Script(self.now - job.launched_at, outcome)
        self.engine.signal(state.job_name or "")
        self.settle(5.0)

    def state(self, step: str):  # type: ignore[no-untyped-def]
        return self.store.load_all(KEY).states.get(self.plan.numbers[step], PENDING)

    @property
    def active(self) -> list[str]:
        """The steps with an active attempt, by name."""
        return sorted(step.name for step in self.plan.steps if self.state(step.name).status.active)


def world(*steps: Step, **pools: int) -> Pooled:
    made = Pooled(Graph("g", steps).compile(), {step.name: LONG for step in steps}, pools=tuple(pools.items()))
    made.start()
    made.settle()
    return made


def pooled(name: str, *after: str, pool: str = "p", priority: int = 0, attempts: int = 1) -> Step:
    return Step(name, JOB, after, pool=pool, priority=priority, retry=Retry(attempts, 10.0))


def test_a_step_without_a_pool_and_a_step_of_another_pool_start_at_once_beside_a_full_one():
    steps = [pooled(f"p{number}") for number in range(3)]
    found = world(*steps, pooled("q", pool="q"), Step("free", JOB), p=1, q=1)
    assert found.active == ["free", "p0", "q"]
    assert found.state("p1").waits.pool == "p"
    assert found.store.standing("p") == (1, 2)


def test_the_place_of_what_ends_goes_to_the_most_urgent_and_then_to_who_came_first():
    found = world(
        pooled("first"), pooled("a"), pooled("b"), pooled("c", priority=5), pooled("d"), pooled("last", "d"), p=1
    )
    order = []
    while found.active:
        order += found.active
        found.end(found.active[0])
    assert order == ["c", "d", "first", "a", "b", "last"]  # d has the longer way to the end
    assert [state.status for state in found.store.load_all(KEY).states.values()] == [Status.SUCCEEDED] * 6
    assert list(found.store.occupants("p")) == []


def test_of_those_that_become_ready_together_the_most_urgent_gets_the_free_place():
    steps = (pooled("low", "a"), pooled("high", "a", priority=7), pooled("higher", "a", priority=9))
    found = world(Step("a", JOB), *steps, p=1)
    found.end("a")
    assert found.active == ["higher"]
    ended = View({0: StepState(Status.SUCCEEDED, 1)})
    swept = everything(found.engine.ledger, Execution(found.run, found.plan), ended, "e")
    assert [task.effect.node for task in swept if isinstance(task.effect, Launch)] == [3, 2, 1]


def test_late_deliveries_of_what_has_ended_wake_those_in_line_once():
    """In a slow queue there are many. If each woke others anew, these would do the same after their own end."""
    found, names = world(pooled("a"), pooled("b"), pooled("c"), p=1), set[str]()
    put = found.queue.put
    found.queue.put = lambda tasks: (names.update(task.name for task in tasks), put(tasks))  # type: ignore[method-assign]
    state = found.state("a")
    found.jobs.jobs[state.job].script = Script(0.0, Outcome.SUCCEEDED)
    found.engine.perform(Check(KEY, 0, 1, "signal"))
    for _ in range(5):
        found.now += 60.0
        found.engine.perform(Launch(KEY, 0, 1))
    assert found.state("a").status is Status.SUCCEEDED
    woken = [name for name in names if name.startswith(f"{KEY}-1-launch-1-woken")]
    assert len(woken) == 2  # at the end, and once again
    found.settle()
    assert found.active == ["b"]


def test_twenty_places_are_taken_as_long_as_some_of_a_thousand_wait():
    steps = [pooled(f"s{number}") for number in range(1020)]
    found = world(*steps, p=20)
    assert (len(found.active), found.store.standing("p")) == (20, (20, 1000))
    states = found.store.load_all(KEY).states
    running = [node for node, state in states.items() if state.status.active]
    for turn in range(30):
        found.end(steps[running[turn]].name)
        assert found.store.standing("p") == (20, 999 - turn)
        running += [node for node, state in found.store.load_all(KEY).states.items() if state.status.active]
        running = list(dict.fromkeys(running))


def test_many_places_that_become_free_at_once_are_all_taken_again():
    steps = [pooled(f"s{number:02}") for number in range(60)]
    found = world(*steps, p=20)
    for name in found.active:
        job = found.jobs.jobs[found.state(name).job]
        job.script = Script(found.now - job.launched_at)
        found.engine.signal(found.state(name).job_name)
    found.settle(5.0)
    assert (len(found.active), found.store.standing("p")) == (20, (20, 20))


def test_an_attempt_that_is_retried_gives_its_place_back_and_waits_again():
    found = world(pooled("a", attempts=2), pooled("b"), p=1)
    found.end("a", Outcome.FAILED)
    assert (found.active, found.state("a").status, found.state("a").places) == (["b"], Status.UP_FOR_RETRY, ())
    found.settle(20.0)
    assert found.state("a").waits.pool == "p"
    found.end("b")
    assert (found.active, found.state("a").attempt, found.state("a").places) == (["a"], 2, (Place("p", 0),))


def test_the_story_of_a_step_says_which_attempts_waited_in_line_and_for_how_long():
    found = world(pooled("a", attempts=2), pooled("b"), p=1)
    found.end("a", Outcome.FAILED)
    found.settle(20.0)
    found.end("b")
    found.end("a")
    run, view = found.store.get_run(KEY), found.store.load_all(KEY)
    assert run is not None
    lines = [queued.since for queued in view.states[0].queued]
    waited = duration((view.states[0].claimed_at or 0.0) - lines[0])
    told = story(run, found.plan, view, [0])
    assert [one.what for one in told if one.step == "a" and "running" not in one.what] == [
        "attempt 1 launched",
        "attempt 1 failed",
        "attempt 2 waits in line for a place in the pool p",
        f"attempt 2 launched, after {waited} in line",
        "succeeded",
    ]
    assert [one.at for one in told if "waits" in one.what] == lines
    (waits,) = (one.what for one in story(run, found.plan, view, [1]) if "waits" in one.what)
    assert waits == "attempt 1 waits in line for a place in the pool p"
    for state in view.states.values():
        assert state_from_json(json.loads(json.dumps(state_to_json(state)))) == state


def test_a_step_that_is_held_or_cancelled_leaves_the_line():
    found = world(pooled("a"), pooled("b"), pooled("c"), pooled("d"), p=1)
    numbers = found.plan.numbers
    found.engine.control(KEY, HoldRequested(Hold(1.0, "ann")), [numbers["b"]])
    found.engine.cancel(KEY, STOP, [numbers["c"]])
    found.settle()
    assert found.store.standing("p") == (1, 1)
    assert (found.state("b").waits, found.state("c").status) == (None, Status.CANCELLED)
    found.end("a")
    assert found.active == ["d"]
    found.engine.control(KEY, HoldReleased(9.0, "ann"), [numbers["b"]])
    found.settle()
    assert found.store.standing("p") == (1, 1)
    found.end("d")
    assert found.active == ["b"]


def test_a_step_behind_a_join_that_is_cancelled_while_it_stands_in_line_ends():
    found = world(pooled("a"), Step("b"), Step("c"), pooled("d", "b", "c"), p=1)
    assert found.store.standing("p") == (1, 1)
    found.engine.cancel(KEY, STOP, [found.plan.numbers["d"]])
    found.settle()
    assert (found.state("d").status, found.state("d").waits) == (Status.CANCELLED, None)


def test_whoever_takes_a_claim_over_has_the_places_of_the_attempt():
    plan, places = Graph("g", (pooled("a"),)).compile(), (Place("p", 1),)
    claimed = StepState(Status.LAUNCHING, 1, job_name="n", claimed_at=10.0, places=places)
    made = evolve(plan, 0, claimed, LaunchClaimed(1, "n", 90.0, over=10.0))
    assert made is not None
    assert (made.state.claimed_at, made.state.places) == (90.0, places)


def test_who_joins_the_line_looks_once_more_since_a_place_may_have_become_free_meanwhile():
    steps = pooled("a"), pooled("b")
    made = Pooled(Graph("g", steps).compile(), {"a": LONG, "b": LONG}, pools=(("p", 1),))
    made.start()
    first, second = made.due()
    made.engine.perform(first)
    look = made.store.pool

    def slow(pool: str, size: int, most: int) -> Pool:
        """Whoever looks is told of what was, and joins the line when all is over."""
        seen, made.store.pool = look(pool, size, most), look
        made.end("a")
        return seen

    made.store.pool = slow
    made.engine.perform(second)
    made.settle()
    assert made.active == ["b"]


def test_who_leaves_a_line_because_another_pool_is_full_lets_the_next_one_go(monkeypatch):
    """The place was free, and only the first in line was told."""
    own = {"a": {"p": 1}, "b": {"p": 1, "q": 1}, "c": {"p": 1}, "z": {"q": 1}}
    monkeypatch.setattr(Ledger, "pools_of", lambda _, execution, node: own[execution.plan.steps[node].name])
    found = world(*(pooled(name, priority={"a": 2, "b": 1}.get(name, 0)) for name in own), p=1, q=1)
    assert (found.active, found.state("b").waits.pool) == (["a", "z"], "p")
    found.end("a")
    assert (found.active, found.state("b").waits.pool) == (["c", "z"], "q")


def test_dataflow_steps_are_in_the_pool_dataflow_if_there_is_one():
    steps = [Step(f"s{number}", Work("dataflow")) for number in range(2)]
    found = Pooled(Graph("g", tuple(steps)).compile(), pools=(("dataflow", 1),))
    found.start()
    execution = found.engine.ledger.known(KEY)
    assert [found.engine.ledger.pools_of(execution, node) for node in range(2)] == [{"dataflow": 1}] * 2
    found.engine.ledger.pools = {}
    assert found.engine.ledger.pools_of(execution, 0) == {}


def test_a_step_whose_pool_is_gone_fails_and_says_so():
    found = world(pooled("a"), q=1)
    assert (found.state("a").status, found.state("a").error) == (Status.FAILED, "no pool is called 'p' here")


def test_a_place_that_is_left_behind_is_freed_by_a_sweep_when_somebody_waits(caplog: pytest.LogCaptureFixture):
    found = Pooled(Graph("g", (pooled("a"), pooled("b"))).compile(), {"a": LONG, "b": LONG}, pools=(("p", 1),))
    place = Place("p", 0)
    found.store._places[place] = Occupant(place, KEY, 0)  # as if a version had ended it that knows no pools
    found.start()
    found.settle()
    assert (found.active, found.store.standing("p")) == ([], (1, 2))
    found.now += 3600.0
    found.engine.sweep_overdue(found.store.get_run(KEY), Pace())
    found.settle()
    assert (found.active, found.store.standing("p")) == (["a"], (1, 1))
    assert "place 0 of pool p was taken by nobody: freed it" in caplog.text


class NoQuota:
    """A job service that has no quota for a while."""

    def __init__(self, jobs: ScriptedBackend) -> None:
        self.jobs, self.refuses = jobs, True
        self.find, self.status, self.cancel = jobs.find, jobs.status, jobs.cancel

    def launch(self, request: JobRequest) -> Launched:
        if self.refuses:
            raise QuotaError("429 Quota exceeded")
        return self.jobs.launch(request)


def test_an_attempt_without_quota_gives_its_place_back_and_is_made_again_without_using_up_a_retry():
    after = Step("b", Work("wait", {"seconds": 9}), ("first",), pool="p")
    found = Pooled(Graph("g", (pooled("a"), Step("first", Work("wait", {"seconds": 1})), after)).compile(), {"a": LONG})
    found.engine.ledger.pools = {"p": 1}
    found.engine.ledger.backends["job"] = service = NoQuota(found.jobs)
    found.start()
    found.settle()
    a = found.state("a")
    assert (a.status, a.due, a.error, a.cause, a.places) == (
        Status.UP_FOR_RETRY,
        30.0,
        "429 Quota exceeded",
        "quota",
        (),
    )
    assert (a.attempt, a.interruptions, a.quota) == (1, 1, 1)
    found.settle(2.0)
    assert found.active == ["b"]  # nobody waits for what waits for quota
    for due in (30.0, 90.0, 210.0, 450.0):
        assert found.state("a").due == due
        found.settle(due - found.now)
    assert found.state("a").due == 750.0
    service.refuses = False
    found.settle(300.0)
    assert (found.active, found.state("a").attempt, found.state("a").quota) == (["a"], 6, 5)
    found.end("a", Outcome.FAILED)
    assert found.state("a").status is Status.FAILED  # it had one attempt, and that has failed


def test_a_step_waits_for_quota_for_about_a_month_and_uses_up_no_retry():
    plan = Graph("g", (pooled("a"),)).compile()
    end = JobEnd(Outcome.INTERRUPTED, 20.0, error="429", cause="quota", interruption=Interruption.QUOTA)
    claimed = StepState(Status.LAUNCHING, job_name="a", claimed_at=10.0)
    for quota, status in ((MAX_NO_QUOTA - 1, Status.UP_FOR_RETRY), (MAX_NO_QUOTA, Status.FAILED)):
        state = replace(claimed, attempt=quota + 1, interruptions=quota, quota=quota)
        made = evolve(plan, 0, state, JobEnded(quota + 1, end))
        assert made is not None
        assert (made.state.status, made.state.cause) == (status, "quota")


def test_who_frees_a_place_and_waits_again_before_it_looked_lets_others_have_their_turn(monkeypatch):
    """Its handler died before it looked; then its next attempt stood in line, and its redelivery did not look."""
    night = world(pooled("a", attempts=2), Step("x", JOB), pooled("b", "x", priority=5), p=1)
    night.end("x")
    assert (night.active, night.state("b").waits is not None) == (["a"], True)
    night.jobs.jobs[night.state("a").job or ""].script = Script(0.0, Outcome.FAILED)
    with monkeypatch.context() as dies:
        dies.setattr(Ledger, "give", lambda *_: 1 / 0)
        with pytest.raises(UnexpectedError):
            night.engine.perform(Check(KEY, 0, 1))
    night.settle(10.0)
    assert (night.active, night.state("a").waits is not None) == ([], True)
    night.engine.perform(Check(KEY, 0, 1))
    night.settle()
    assert night.active == ["b"]


def limited(most: int, *steps: Step, **pools: int) -> Pooled:
    plan = Graph("g", steps, max_parallel=most).compile()
    made = Pooled(plan, {step.name: LONG for step in steps}, pools=tuple(pools.items()))
    made.start()
    made.settle()
    return made


def test_a_run_with_a_limit_never_has_more_active_attempts_and_all_get_there():
    found = limited(2, *(Step(name, Work("job")) for name in "abcde"), Step("idle"))
    assert (len(found.active), found.state("idle").status) == (2, Status.SUCCEEDED)
    for _ in range(5):
        found.end(found.active[0])
        assert len(found.active) <= 2
    assert all(found.state(name).status is Status.SUCCEEDED for name in "abcde")
    assert (found.store.standing(f"run:{KEY}"), found.store.occupants(f"run:{KEY}")) == ((0, 0), [])


def test_a_step_that_its_own_run_does_not_let_begin_stands_in_no_other_line():
    found = limited(1, Step("a", Work("job")), pooled("b"), p=1)
    assert (found.active, found.state("b").waits.pool) == (["a"], f"run:{KEY}")
    assert found.store.standing("p") == (0, 0)
    found.end("a")
    assert found.state("b").places == (Place(f"run:{KEY}", 0), Place("p", 0))
    found.end("b")
    assert found.store.occupants("p") == []


def test_a_sweep_wakes_who_waits_in_its_own_run():
    found = limited(1, Step("a", Work("job")), Step("b", Work("job")))
    waits = {"a", "b"} - set(found.active)
    found.store._places.clear()  # somebody has deleted the record of the place
    found.now += 10_000.0
    run = found.store.get_run(KEY)
    assert run is not None
    found.engine.sweep_overdue(run, Pace())
    found.settle()
    assert waits <= set(found.active)


def test_who_waits_in_its_own_run_is_told_so():
    wait = Wait(f"run:{KEY}", rank_of(5, 0, 0.0, "k-1"), 0.0, 2, "launches", "{}", stands=(2, 3))
    said = "waits for a place in its run, whose max_parallel is reached (2 of 2 taken, 4th in line: priority 5)"
    assert waits_for(wait) == said
