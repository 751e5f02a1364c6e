"""What every queue promises, seen from both ends."""

from orchestrator.core.messages import Check, Finish, Launch
from orchestrator.ports import CHECKS, LAUNCHES, Task
from orchestrator.queues.local import MOST_TRIES, VISIBILITY, LocalQueue

RUNS = ["k"]


def task(effect: Launch | Check | Finish, lane: str = CHECKS, name: str = "") -> Task:
    return Task(name or effect.name, lane, effect)


FIRST, SECOND = task(Launch("k", 1, 1)), task(Launch("k", 2, 1))


def names(queue: LocalQueue, now: float, limit: int = 100, lane: str = CHECKS) -> list[str]:
    return [delivery.name for delivery in queue.lease(RUNS, lane, now, limit)]


def test_a_task_is_delivered_as_it_was_put(queue: LocalQueue):
    queue.put([FIRST, SECOND])
    first, second = queue.lease(RUNS, CHECKS, 0.0, 100)
    assert (first.name, first.effect, first.tries) == (FIRST.name, FIRST.effect, 1)
    assert second.effect == SECOND.effect


def test_a_name_is_taken_once_while_waiting_while_leased_and_after_it_was_done(queue: LocalQueue):
    queue.put([FIRST, FIRST])
    queue.put([FIRST])
    (delivery,) = queue.lease(RUNS, CHECKS, 0.0, 100)
    queue.put([FIRST])
    assert names(queue, 1.0) == []
    queue.acknowledge([delivery])
    queue.put([FIRST])
    assert names(queue, 1e9) == []


def test_a_task_is_not_delivered_before_it_is_due(queue: LocalQueue):
    queue.put([task(Launch("k", 1, 2, due=60.0)), task(Launch("k", 2, 2, due=30.0))])
    assert queue.next_due(RUNS, [CHECKS]) == 30.0
    assert names(queue, 29.9) == []
    assert names(queue, 30.0) == ["k-2-launch-2"]
    assert names(queue, 60.0) == ["k-1-launch-2"]


def test_a_retry_that_has_become_due_goes_before_what_was_put_after_it(queue: LocalQueue):
    """Or a failed step would wait behind every step that became ready while it waited."""
    queue.put([task(Launch("k", 1, 2, due=60.0))])
    queue.put([FIRST, SECOND])
    assert names(queue, 60.0, limit=1) == ["k-1-launch-2"]


def test_an_unacknowledged_task_comes_again_after_the_visibility_timeout(queue: LocalQueue):
    queue.put([FIRST])
    assert names(queue, 0.0) == [FIRST.name]
    assert names(queue, VISIBILITY - 0.1) == []
    assert names(queue, VISIBILITY) == [FIRST.name]


def test_a_failed_task_comes_again_later_and_later_and_is_given_up_at_last(queue: LocalQueue):
    queue.put([FIRST])
    now, waits = 0.0, []
    while True:
        (delivery,) = queue.lease(RUNS, CHECKS, now, 1)
        if not queue.retry(delivery, now, "no"):
            break
        due = queue.next_due(RUNS, [CHECKS])
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert len(waits) == MOST_TRIES - 1
    assert queue.next_due(RUNS, [CHECKS]) is None
    queue.put([FIRST])
    assert names(queue, 1e9) == []


def test_lanes_are_apart(queue: LocalQueue):
    queue.put([FIRST, task(Launch("k", 3, 1), LAUNCHES)])
    assert names(queue, 0.0, lane=LAUNCHES) == ["k-3-launch-1"]
    assert names(queue, 0.0, lane=CHECKS) == [FIRST.name]


def test_no_more_is_handed_out_than_was_asked_for(queue: LocalQueue):
    queue.put([task(Launch("k", number, 1)) for number in range(5)])
    assert len(names(queue, 0.0, limit=2)) == 2
    assert len(names(queue, 0.0, limit=0)) == 0
    assert len(names(queue, 0.0)) == 3


def test_only_the_runs_that_are_asked_for_are_served(queue: LocalQueue):
    queue.put([FIRST, task(Finish("other"))])
    assert [delivery.name for delivery in queue.lease(["other"], CHECKS, 0.0, 9)] == ["other-finish"]
    assert queue.next_due(["nobody"], [CHECKS]) is None


def test_what_a_dead_process_had_leased_is_due_again_when_it_is_released(queue: LocalQueue):
    queue.put([FIRST, task(Launch("k", 9, 2, due=500.0))])
    assert names(queue, 0.0) == [FIRST.name]
    queue.release("k", 5.0)
    assert names(queue, 5.0) == [FIRST.name]
    assert queue.next_due(RUNS, [CHECKS]) == 5.0 + VISIBILITY


def test_a_forgotten_run_leaves_nothing(queue: LocalQueue):
    queue.put([FIRST])
    queue.forget("k")
    assert names(queue, 1e9) == []
    queue.put([FIRST])
    assert names(queue, 0.0) == [FIRST.name]
