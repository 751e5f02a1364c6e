"""What the Cloud Tasks queue does beyond every queue's promises: what Google sees, and what happens when it says no."""

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from orchestrator.core.messages import Check, Launch
from orchestrator.core.task_codec import encode
from orchestrator.errors import QueueError, UsageError
from orchestrator.fakes.cloud_tasks.faults import CallFault
from orchestrator.fakes.cloud_tasks.server import FakeCloudTasks
from orchestrator.ports import LAUNCHES, QUEUES, SIGNALS, Task
from orchestrator.queues.cloud_tasks import DAY, CloudTasksQueue, connect, hop, hops_to, task_id
from tests.contract.queues import ACCOUNT, AUDIENCE, PLACE, CloudBench, cloud_bench, config, queue_message, task

FIRST = task(Launch("k", 1, 1))


@pytest.fixture
def bench() -> Iterator[CloudBench]:
    with cloud_bench() as made:
        yield made


@contextmanager
def queue_with(fault: Callable[[int], CallFault | None], **others: object) -> Iterator[CloudTasksQueue]:
    """A queue at a fake whose calls fail as ``fault`` says of each, by its number from 0."""
    numbers = itertools.count()
    queues = [queue_message(queue) for queue in QUEUES]
    with FakeCloudTasks(queues, call_faults=lambda _: fault(next(numbers))) as fake:
        queue = connect(config("http://127.0.0.1:9/", **others), fake.endpoint)
        yield queue
        queue.close()


def test_google_sees_a_hashed_name_a_json_body_a_token_for_the_audience_and_a_deadline(bench: CloudBench):
    bench.queue.put([task(Check("k", 1, 1, due=90.0))])
    (listed,) = bench.client.list_tasks(parent=f"{PLACE}/queues/checks")
    seen = bench.client.get_task(request={"name": listed.name, "response_view": "FULL"})
    assert seen.name == f"{PLACE}/queues/checks/tasks/d0cfbb4f5ac4b1a1d7f6-k-1-check-1-watchdog-0"
    assert seen.http_request.url == bench.target.url
    assert dict(seen.http_request.headers) == {"Content-Type": "application/json"}
    assert seen.http_request.body == encode(Check("k", 1, 1, due=90.0)).encode()
    assert seen.http_request.oidc_token.service_account_email == ACCOUNT
    assert seen.http_request.oidc_token.audience == AUDIENCE
    assert seen.schedule_time == datetime.fromtimestamp(90.0, UTC)
    assert seen.dispatch_deadline == timedelta(minutes=10)


@pytest.mark.parametrize("name", ["k-1-launch-1", "ä/b c", "x" * 3000, ""])
def test_every_name_makes_a_valid_id(name: str):
    assert re.fullmatch(r"[0-9a-f]{20}-[A-Za-z0-9_-]{0,479}", task_id(name))


def test_ids_of_names_that_follow_each_other_begin_differently():
    """Sequential ids raise latency and error rates of every call, says CreateTask's reference."""
    assert len({task_id(f"k-{number:x}-launch-1")[:3] for number in range(50)}) > 40


def test_a_thousand_tasks_go_in_one_call(bench: CloudBench):
    bench.queue.put([task(Launch("k", number, 1)) for number in range(1000)])
    assert len(list(bench.client.list_tasks(parent=f"{PLACE}/queues/checks"))) == 1000


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL"])
def test_a_call_that_may_pass_next_time_is_made_again(code: str):
    calls = []

    def fault(number: int) -> CallFault | None:
        calls.append(number)
        return CallFault(grpc.StatusCode[code]) if number < 2 else None

    with queue_with(fault) as queue:
        queue.put([FIRST])
    assert calls == [0, 1, 2]


def test_a_task_whose_answer_was_lost_is_taken_and_taken_once():
    calls = []

    def fault(number: int) -> CallFault | None:
        calls.append(number)
        return CallFault(applied=True) if number == 0 else None

    with queue_with(fault) as queue:
        queue.put([FIRST])
    assert calls == [0, 1]


def test_a_service_that_stays_away_is_an_error_in_one_sentence():
    with queue_with(lambda _: CallFault(), timeout=0.3) as queue, pytest.raises(QueueError) as raised:
        queue.put([FIRST])
    assert str(raised.value) == (
        f"the queue {PLACE}/queues/checks did not take a task: 503 a fault of the rehearsal: not done"
    )


def test_nobody_at_the_endpoint_is_an_error_in_one_sentence():
    queue = connect(config("http://127.0.0.1:9/", timeout=0.3), "127.0.0.1:9")
    with pytest.raises(QueueError, match=r"^the queue .*/checks did not take a task: 503 [^\n]*$"):
        queue.put([FIRST])
    queue.close()


def test_a_queue_that_is_not_there_is_an_error_at_once(bench: CloudBench):
    bench.client.delete_queue(name=f"{PLACE}/queues/checks")
    with pytest.raises(QueueError, match=r"queues/checks did not take a task: 404 Queue does not exist\. If you just"):
        bench.queue.put([FIRST])


def test_when_one_of_many_certainly_fails_the_rest_is_not_tried_for_long():
    calls = []

    def fault(number: int) -> CallFault | None:
        calls.append(number)
        return CallFault(grpc.StatusCode.PERMISSION_DENIED)

    with queue_with(fault) as queue, pytest.raises(QueueError, match="403 a fault"):
        queue.put([task(Launch("k", number, 1)) for number in range(1000)])
    assert len(calls) < 500


def test_some_that_fail_for_a_while_keep_none_of_many_out():
    calls = []

    def fault(number: int) -> CallFault | None:
        calls.append(number)
        return CallFault() if number < 60 else None

    with queue_with(fault) as queue:
        queue.put([task(Launch("k", number, 1)) for number in range(100)])
    assert len(calls) == 160


def test_a_task_carries_the_token_of_its_lane_s_account():
    asked = config("http://x/", accounts={SIGNALS: "checker@p"}, service_account="tasks@p")
    assert [asked.account(queue) for queue in QUEUES] == ["tasks@p", "tasks@p", "checker@p", "tasks@p"]


def test_a_lane_without_a_queue_is_refused_when_it_is_set_up():
    with pytest.raises(UsageError, match="expected an id for each queue, got none for checks, notices, signals"):
        config("http://x/", queues={LAUNCHES: "launches"})


@pytest.mark.parametrize(
    ("ahead", "hops"), [(-5, 0), (0, 0), (29, 0), (29.5, 0), (29.6, 1), (31, 1), (58.5, 1), (58.6, 2), (365, 12)]
)
def test_what_is_due_in_more_than_a_month_hops(ahead: float, hops: int):
    assert hops_to(ahead * DAY, 0.0) == hops


def test_a_hop_is_never_too_far_ahead_and_never_meets_its_own_name_however_clocks_differ():
    for tenth in range(4000):
        due = tenth * DAY / 10
        hops = hops_to(due, 0.0)
        at = due - hops * 29 * DAY
        assert at <= 29.5 * DAY
        for wrong in (-0.4, 0.0, 0.4, 20.0):
            if hops:
                assert hops_to(due, at + wrong * DAY) < hops


def test_a_task_due_in_a_hundred_days_arrives_once_and_on_time_however_often_it_was_put(bench: CloudBench):
    """It is put before it starts, and again at every hop; the queue and the name survive."""
    effect = Launch("k", 1, 1, due=100 * DAY)
    long = Task(f"{effect.name}-sweep7", LAUNCHES, effect)
    now, arrivals = 0.0, []
    bench.queue.put([long])
    while (due := bench.next_due()) is not None:
        now = due
        (delivered,) = bench.deliver(now, LAUNCHES)
        carried = hop(bench.target.requests[0].body, now)
        arrivals.append((now / DAY, carried))
        assert delivered.effect == effect
        if carried is not None:
            bench.queue.put([carried])
            bench.queue.put([long])
    assert arrivals == [(13.0, long), (42.0, long), (71.0, long), (100.0, None)]


def test_a_task_that_hops_no_further_and_one_of_a_version_without_hops_are_to_be_performed():
    assert hop(encode(Launch("k", 1, 1, due=50.0)), 49.0) is None
    assert hop(b'{"v":1,"do":"finish","run":"k"}', 0.0) is None
    with pytest.raises(ValueError, match="expected a task of the orchestrator"):
        hop("{}", 0.0)
