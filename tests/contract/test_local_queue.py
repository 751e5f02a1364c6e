"""What only the local queue has: leases, limits, runs, and forgetting."""

import math

import pytest

from orchestrator.core.messages import Finish, Launch, Notify
from orchestrator.home.database import Database
from orchestrator.ports import CHECKS, NOTICES
from orchestrator.queues.local import MAX_TRIES, SLOWEST, VISIBILITY, LocalQueue
from tests.contract.queues import task

RUNS = ["k"]
FIRST, SECOND = task(Launch("k", 1, 1)), task(Launch("k", 2, 1))


def names(queue: LocalQueue, now: float, limit: int = 100, queue_name: str = CHECKS) -> list[str]:
    return [delivery.name for delivery in queue.lease(RUNS, queue_name, now, limit)]


DAMAGED = ["", "{", '{"v":2,"do":"finish","run":"k"}', '{"v":1,"do":"launch","run":"k"}', "[" * 9_000]


@pytest.mark.parametrize("body", DAMAGED)
def test_a_task_that_cannot_be_read_is_given_up_and_keeps_no_other(body: str):
    queue = LocalQueue(database := Database(":memory:"))
    queue.put([FIRST, SECOND])
    with database.transaction as connection:
        queue.flush(connection)
        queue.drop()
        connection.execute("UPDATE tasks SET body = ? WHERE name = ?", (body, FIRST.name))
    assert [delivery.name for delivery in queue.lease(RUNS, CHECKS, 0.0, 10)] == [SECOND.name]
    assert queue.lease(RUNS, CHECKS, 1_000.0, 10)[0].name == SECOND.name  # not acknowledged, it comes again
    with database.read() as connection:
        ((done, error),) = connection.execute("SELECT done, error FROM tasks WHERE name = ?", (FIRST.name,))
    assert done == 1
    assert error
    database.close()


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


def test_no_more_is_handed_out_than_was_asked_for(queue: LocalQueue):
    queue.put([task(Launch("k", number, 1)) for number in range(5)])
    assert len(names(queue, 0.0, limit=2)) == 2
    assert len(names(queue, 0.0, limit=0)) == 0
    assert len(names(queue, 0.0)) == 3


def test_only_the_runs_that_are_asked_for_are_served(queue: LocalQueue):
    queue.put([FIRST, task(Finish("other"))])
    assert [delivery.name for delivery in queue.lease(["other"], CHECKS, 0.0, 9)] == ["other-finish"]
    assert queue.next_due(["nobody"], [CHECKS]) is None


@pytest.mark.parametrize("due", [-5.0, 1e300, math.inf, "never"])
def test_what_is_due_at_no_time_there_is_is_due_when_it_is_released(queue: LocalQueue, due: object):
    queue.put([FIRST])
    with queue._database.transaction as connection:
        queue.flush(connection)
        connection.execute("UPDATE tasks SET due = ?", (due,))
    queue.release("k", 5.0)
    assert names(queue, 5.0) == [FIRST.name]


def test_what_a_dead_process_had_leased_is_due_again_when_it_is_released(queue: LocalQueue):
    queue.put([FIRST, task(Launch("k", 9, 2, due=500.0))])
    assert names(queue, 0.0) == [FIRST.name]
    queue.release("k", 5.0)
    assert names(queue, 5.0) == [FIRST.name]
    assert queue.next_due(RUNS, [CHECKS]) == 5.0 + VISIBILITY


def test_the_notifications_of_a_forgotten_run_are_sent_all_the_same(queue: LocalQueue):
    tells = Notify("k", "ops", "run_failed")
    queue.put([task(tells, NOTICES), FIRST])
    queue.forget("k")
    assert (names(queue, 0.0), names(queue, 0.0, queue_name=NOTICES)) == ([], [tells.name])


def test_a_notification_is_tried_however_often_its_receiver_is_down(queue: LocalQueue):
    """For how long, its sender decides: a receiver may be down for a weekend."""
    tells, now = Notify("k", "ops", "run_failed"), 0.0
    queue.put([task(tells, NOTICES)])
    for _ in range(2 * MAX_TRIES):
        (delivery,) = queue.lease(RUNS, NOTICES, now, 1)
        assert queue.retry(delivery, now, "down")
        now += SLOWEST


def test_a_forgotten_run_leaves_nothing(queue: LocalQueue):
    queue.put([FIRST])
    queue.forget("k")
    assert names(queue, 1e9) == []
    queue.put([FIRST])
    assert names(queue, 0.0) == [FIRST.name]
