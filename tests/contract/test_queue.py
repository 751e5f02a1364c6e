"""What every queue promises, seen from both ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.messages import WATCHDOG, Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.ports import LAUNCHES
from orchestrator.queues.local import MAX_TRIES
from tests.contract.queues import Bench, Delivered, cloud_bench, effects, local_bench, task

FIRST, SECOND = task(Launch("k", 1, 1)), task(Launch("k", 2, 1))

#: Long enough for all that was ever put to be due.
LATE = 1e6


@pytest.fixture(params=["local", "cloud tasks"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with local_bench(tmp_path / "queue.db") if request.param == "local" else cloud_bench() as made:
        yield made


@pytest.mark.parametrize(
    "effect",
    [Launch("k", 1, 2), Check("k", 300, 1, WATCHDOG, 7), Skip("k", 4), Pass("k", 5), Finish("k")],
    ids=lambda effect: type(effect).__name__,
)
def test_a_task_is_delivered_as_it_was_put(bench: Bench, effect: Effect):
    bench.queue.put([task(effect)])
    assert bench.deliver(0.0) == [Delivered(effect, 1)]


def test_all_tasks_of_one_call_are_delivered(bench: Bench):
    tasks = [task(Launch("k", number, 1)) for number in range(100)]
    bench.queue.put(tasks)
    assert effects(bench.deliver(1.0)) == sorted((item.effect for item in tasks), key=lambda effect: effect.name)


def test_nothing_at_all_can_be_put(bench: Bench):
    bench.queue.put([])
    assert bench.deliver(LATE) == []


def test_a_name_is_taken_once_while_waiting_while_out_and_after_it_was_done(bench: Bench):
    bench.queue.put([FIRST, FIRST])
    bench.queue.put([FIRST])
    assert bench.deliver(0.0, meanwhile=lambda: bench.queue.put([FIRST, FIRST])) == [Delivered(FIRST.effect, 1)]
    assert bench.deliver(1.0) == []
    bench.queue.put([FIRST])
    assert bench.deliver(LATE) == []


def test_a_taken_name_does_not_keep_the_others_of_the_same_call_out(bench: Bench):
    bench.queue.put([FIRST])
    bench.queue.put([FIRST, SECOND])
    assert effects(bench.deliver(0.0)) == [FIRST.effect, SECOND.effect]


def test_one_effect_under_two_names_is_two_tasks(bench: Bench):
    """A sweep pays again under a name of its own."""
    bench.queue.put([FIRST, task(FIRST.effect, name=f"{FIRST.name}-sweep1")])
    assert effects(bench.deliver(0.0)) == [FIRST.effect, FIRST.effect]


def test_names_that_differ_only_in_odd_letters_are_two_names(bench: Bench):
    bench.queue.put([task(FIRST.effect, name="a.b"), task(FIRST.effect, name="a-b"), task(FIRST.effect, name="a b")])
    assert len(bench.deliver(0.0)) == 3


def test_a_task_is_not_delivered_before_it_is_due(bench: Bench):
    later, sooner = Launch("k", 1, 2, due=60.0), Launch("k", 2, 2, due=30.0)
    bench.queue.put([task(later), task(sooner)])
    assert bench.next_due() == 30.0
    assert bench.deliver(29.9) == []
    assert bench.deliver(30.0) == [Delivered(sooner, 1)]
    assert bench.deliver(60.0) == [Delivered(later, 1)]


def test_a_failed_task_comes_again_later_and_later_and_is_given_up_at_last(bench: Bench):
    bench.queue.put([FIRST])
    now, waits, tries = 0.0, [], []
    while now is not None:
        (delivered,) = bench.deliver(now, well=False)
        tries.append(delivered.tries)
        due = bench.next_due()
        if due is None:
            break
        assert bench.deliver(due - 0.1) == []
        waits.append(due - now)
        now = due
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0] + [60.0] * (MAX_TRIES - 7)
    assert tries == list(range(1, MAX_TRIES + 1))
    bench.queue.put([FIRST])
    assert bench.deliver(LATE) == []


def test_a_failed_task_does_not_hold_up_the_others(bench: Bench):
    bench.queue.put([FIRST])
    bench.deliver(0.0, well=False)
    bench.queue.put([SECOND])
    assert bench.deliver(0.5) == [Delivered(SECOND.effect, 1)]
    assert bench.deliver(1.0) == [Delivered(FIRST.effect, 2)]


def test_queues_are_apart(bench: Bench):
    bench.queue.put([FIRST, task(Launch("k", 3, 1), LAUNCHES)])
    assert bench.deliver(0.0, LAUNCHES) == [Delivered(Launch("k", 3, 1), 1)]
    assert bench.deliver(0.0) == [Delivered(FIRST.effect, 1)]
