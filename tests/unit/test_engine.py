"""The engine's promises one by one, on the memory store and scripted jobs. The simulation mixes them."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.job_end import Outcome
from orchestrator.core.messages import Check, Effect, Finish, Launch, Skip
from orchestrator.core.model import Run, RunStatus, Status, View
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.errors import QueueError, UsageError
from orchestrator.jobs.scripted import Script
from tests.doubles.memory_store import MemoryStore
from tests.unit.engine_world import JOB, KEY, BrokenQueue

DIAMOND = (
    Step("a", JOB),
    Step("b", JOB, after=("a",)),
    Step("c", JOB, after=("a",)),
    Step("d", JOB, after=("b", "c")),
)


def test_a_diamond_runs_to_its_end_with_one_job_a_step(world):
    diamond = world(*DIAMOND)
    assert diamond.start()
    assert diamond.finish() is RunStatus.SUCCEEDED
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")
    assert len(diamond.jobs.jobs) == 4


def test_starting_again_starts_nothing(world):
    diamond = world(*DIAMOND)
    diamond.start()
    assert diamond.due() == [Launch(KEY, 0, 1)]
    assert not diamond.start()
    assert diamond.due() == []


def test_a_start_that_is_repeated_launches_nothing_again_though_the_queue_has_forgotten_the_names(world):
    diamond = world(*DIAMOND)
    diamond.start()
    for effect in diamond.due():
        diamond.engine.perform(effect)
    diamond.queue.forget(KEY)
    assert not diamond.start()
    assert [effect for effect in diamond.due() if isinstance(effect, Launch)] == []


def test_a_start_that_died_before_it_paid_is_continued_by_the_next(world):
    diamond = world(*DIAMOND)
    diamond.store.open_run(diamond.run, diamond.plan)
    assert not diamond.start()
    assert diamond.due() == [Launch(KEY, 0, 1)]


def test_a_run_keeps_the_version_it_started_with(world):
    diamond = world(*DIAMOND)
    diamond.start()
    diamond.engine.start(diamond.run, compile_plan("g", "v2", (Step("other", JOB),)))
    assert diamond.finish() is RunStatus.SUCCEEDED
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")


def test_whoever_starts_a_run_that_is_there_may_refuse_it_before_anything_is_paid(world):
    diamond = world(*DIAMOND)
    diamond.store.open_run(diamond.run, diamond.plan)

    def check(there: Run) -> None:
        raise UsageError(f"{there.id} is another")

    with pytest.raises(UsageError, match="r is another"):
        diamond.engine.start(replace(diamond.run, key="another"), diamond.plan, check)
    assert diamond.due() == []


def test_the_start_of_a_run_that_has_ended_starts_nothing_though_its_steps_are_gone(world):
    """A TTL policy deletes in no order: an absent step would begin again."""
    diamond = world(*DIAMOND)
    diamond.start()
    diamond.finish()
    diamond.due()
    diamond.store._states[KEY].clear()
    assert not diamond.start()
    assert diamond.due() == []


def test_every_task_may_be_delivered_twice(world):
    diamond = world(*DIAMOND)
    diamond.start()
    done: list[Effect] = []
    while diamond.store.get_run(KEY).status is RunStatus.RUNNING:
        for effect in diamond.due():
            diamond.engine.perform(effect)
            done.append(effect)
        for effect in done:
            diamond.engine.perform(effect)
        diamond.now += 600.0
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")
    assert len(diamond.jobs.jobs) == 4


def test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery(world):
    diamond = world(*DIAMOND)
    diamond.engine.ledger.queue = queue = BrokenQueue(diamond.queue)
    diamond.start()
    for effect in diamond.due():
        diamond.engine.perform(effect)
    (check,) = (Check(KEY, 0, 1),)
    queue.broken = True
    with pytest.raises(QueueError):
        diamond.engine.perform(check)
    assert diamond.statuses()["a"] == "succeeded"
    queue.broken = False
    diamond.engine.perform(check)
    assert set(diamond.due()) >= {Launch(KEY, 1, 1), Launch(KEY, 2, 1)}


class CountingStore(MemoryStore):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[tuple[list[int], list[int]]] = []

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        self.loads.append((sorted(nodes), sorted(joins)))
        return super().load(run, nodes, joins)


@pytest.mark.parametrize("checks", [("watchdog", "signal"), ("signal", "watchdog")])
def test_a_check_of_a_step_that_another_check_ended_reads_that_step_alone_and_leaves_the_paying_to_the_other(
    world, checks: tuple[str, str]
):
    """It answers for the payment until its own task is acknowledged. Its own check, brought again, pays again."""
    diamond = world(*DIAMOND)
    diamond.store = diamond.engine.ledger.store = store = CountingStore()
    diamond.engine.ledger.queue = queue = BrokenQueue(diamond.queue)
    diamond.start()
    for effect in diamond.due():
        diamond.engine.perform(effect)
    own, other = (Check(KEY, 0, 1, chain) for chain in checks)
    queue.broken = True
    with pytest.raises(QueueError):
        diamond.engine.perform(own)
    store.loads.clear()
    diamond.engine.perform(other)
    assert store.loads == [([0], [])]
    queue.broken = False
    diamond.engine.perform(own)
    assert set(diamond.due()) >= {Launch(KEY, 1, 1), Launch(KEY, 2, 1)}


def test_a_check_that_ended_its_step_and_is_then_put_off_leaves_the_paying_to_the_check_after_it(world):
    """It was delivered again to a machine whose clock was behind, and nobody paid (seed 2005292)."""
    pair = world(Step("a", JOB, check=CheckPolicy(delay=5.0)), Step("b", JOB, after=("a",)))
    pair.engine.ledger.queue = queue = BrokenQueue(pair.queue)
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    first = Check(KEY, 0, 1, "signal", due=pair.engine.ledger.signal_delay)
    pair.now, queue.broken = 6.0, True
    with pytest.raises(QueueError):
        pair.engine.perform(first)
    pair.now, queue.broken = 4.0, False
    pair.engine.perform(first)
    pair.now = 5.0
    assert first.next(5.0) in pair.due()
    pair.engine.perform(first.next(5.0))
    assert Launch(KEY, 1, 1) in pair.due()


def test_a_failed_attempt_is_made_again_after_its_delay_and_not_before(world):
    single = world(Step("a", JOB, retry=Retry(attempts=3, delay=60.0, backoff=2.0)))
    single.scripts = {"a": Script(outcome=Outcome.FAILED), "a 3": Script()}
    single.start()
    assert single.finish() is RunStatus.SUCCEEDED
    launched = [job.launched_at for job in single.jobs.jobs.values()]
    assert launched == [0.0, 60.0, 180.0]


def test_a_sweep_pays_again_what_was_given_up_under_a_name_of_its_own(world):
    single = world(Step("a", JOB))
    single.start()
    assert single.due() == [Launch(KEY, 0, 1)]  # and lost
    assert not single.start()
    assert single.due() == []
    assert single.engine.sweep(KEY, "7") == 1
    assert single.due() == [Launch(KEY, 0, 1)]
    assert single.engine.sweep(KEY, "8") == 1
    assert single.finish() is RunStatus.SUCCEEDED
    assert single.engine.sweep(KEY, "9") == 0


def test_a_when_that_does_not_hold_skips_the_step_and_the_skip_travels(world):
    chain = world(
        Step("a", JOB, when="{{ params.full }}"),
        Step("b", JOB, after=("a",)),
        Step("c", JOB, after=("b",), trigger=TriggerRule.ALL_DONE),
    )
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    assert chain.statuses() == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert [job.request.step for job in chain.jobs.jobs.values()] == ["c"]


def test_outputs_are_rendered_into_the_steps_downstream(world):
    spec = {
        "query": "rows > {{ steps.a.outputs.rows }}",
        "rows": "{{ steps.a.outputs.rows }}",
        "on": "{{ params.date }}",
    }
    pair = world(Step("a", JOB), Step("b", Work("job", spec), after=("a",)), a=Script(outputs={"rows": 3}))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    (job,) = (job for job in pair.jobs.jobs.values() if job.request.step == "b")
    assert job.request.spec == {"query": "rows > 3", "rows": 3, "on": "2026-11-23"}


def test_an_expression_without_a_value_fails_the_step_for_good(world):
    spec = {"rows": "{{ steps.a.outputs.rows }}"}
    pair = world(Step("a", JOB), Step("b", Work("job", spec), after=("a",), retry=Retry(attempts=5)))
    pair.start()
    assert pair.finish() is RunStatus.FAILED
    state = pair.store.load_all(KEY).state(1)
    assert (state.status, state.attempt, state.cause) == (Status.FAILED, 1, "expression")


def test_a_wait_takes_its_time_and_no_job(world):
    pair = world(Step("a", Work("wait", {"seconds": 30.0})), Step("b", JOB, after=("a",)))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert [job.launched_at for job in pair.jobs.jobs.values()] == [30.0]


def test_steps_without_a_job_end_at_once(world):
    pair = world(Step("start"), Step("end", after=("start",)))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert pair.now == 0.0


def test_an_impatient_step_runs_early_and_the_run_still_waits_for_the_others(world):
    race = world(
        Step("fast", JOB),
        Step("slow", JOB),
        Step("first", JOB, after=("fast", "slow"), trigger=TriggerRule.ONE_SUCCESS),
        slow=Script(seconds=50.0),
    )
    race.start()
    assert race.finish() is RunStatus.SUCCEEDED
    launched = {job.request.step: job.launched_at for job in race.jobs.jobs.values()}
    assert launched == {"fast": 0.0, "slow": 0.0, "first": 0.0}
    assert race.statuses()["slow"] == "succeeded"
    assert race.now == 50.0


def test_a_thousand_predecessors_of_one_step_are_counted_in_small_joins(world):
    names = tuple(f"p{number:04}" for number in range(1000))
    wide = world(*(Step(name, JOB) for name in names), Step("join", JOB, after=names))
    wide.start()
    assert wide.finish() is RunStatus.SUCCEEDED
    assert max(counter.arrived for counter in wide.store.load_all(KEY).counters.values()) == 32


def test_a_success_after_the_timeout_is_a_failure_once_the_clocks_leave_no_doubt(world):
    pair = world(Step("a", JOB, timeout=100.0), Step("b", JOB, timeout=100.0))
    pair.scripts = {"a": Script(seconds=120.0), "b": Script(seconds=161.0)}
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    pair.now = 200.0
    assert pair.finish() is RunStatus.FAILED
    assert pair.statuses() == {"a": "succeeded", "b": "failed"}


def test_a_skip_that_comes_too_early_does_nothing(world):
    diamond = world(*DIAMOND)
    diamond.start()
    diamond.engine.perform(Skip(KEY, 3))
    assert diamond.statuses()["d"] == "pending"


DAY = 86_400.0


@pytest.mark.parametrize("gone", ["its steps and counters", "all of it"])
def test_a_task_that_outlives_its_run_launches_nothing_again(world, gone: str):
    """A watchdog every two days, and a run that is kept for one: by then the store has begun to delete it."""
    chain = world(Step("a", JOB, check=CheckPolicy(every=2 * DAY)), Step("b", JOB, after=("a",)))
    chain.engine.ledger.retention = DAY
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    chain.store._states[KEY].clear()
    chain.store._counters[KEY].clear()
    if gone == "all of it":
        del chain.store._runs[KEY]
    chain.now = 2 * DAY
    before = set(chain.jobs.jobs)
    for effect in (*chain.due(), Check(KEY, 0, 1), Launch(KEY, 0, 1), Launch(KEY, 0, 2), Skip(KEY, 1), Finish(KEY)):
        chain.engine.perform(effect)
    assert chain.due() == []
    assert set(chain.jobs.jobs) == before
    assert chain.store._states[KEY] == {}


@pytest.mark.parametrize("clocks", [3.0, 3.1])
def test_whether_a_run_has_ended_is_asked_before_three_wrong_clocks_can_have_deleted_it(world, clocks: float):
    """It began by a clock that was ahead, and ended by one that was behind, as that of whoever asks is."""
    single = world(Step("a", JOB))
    single.engine.ledger.retention = DAY
    single.start()
    assert single.finish() is RunStatus.SUCCEEDED
    single.now = single.run.started_at + DAY - clocks * single.engine.ledger.clock_skew
    assert single.engine.ledger.expired(single.run) is (clocks == 3.0)
    del single.store._runs[KEY]
    assert single.engine.ledger.expired(single.run) is (clocks == 3.0)


def test_a_run_that_takes_longer_than_runs_are_kept_goes_on(world):
    chain = world(Step("a", JOB), Step("b", JOB, after=("a",)), a=Script(seconds=3 * DAY))
    chain.engine.ledger.retention = DAY
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    assert chain.statuses() == {"a": "succeeded", "b": "succeeded"}
