"""How the fake Cloud Tasks delivers: rate, limits, back-off, deadlines, shrunk time, and faults."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.backoff import Bucket, backoff, complete, exhausted
from orchestrator.fakes.cloud_tasks.delivery import send
from orchestrator.fakes.cloud_tasks.faults import DeliveryFault
from orchestrator.fakes.cloud_tasks.queue import Answer
from tests.contract.fake_world import HOUR, QUEUE, World, until, world_of


@pytest.fixture
def world() -> Iterator[World]:
    with world_of() as made:
        yield made


def test_the_back_off_doubles_and_then_grows_by_as_much_as_last():
    """The example of RetryConfig's reference."""
    retry = tasks_v2.RetryConfig(min_backoff=timedelta(seconds=10), max_backoff=timedelta(seconds=300), max_doublings=3)
    assert [backoff(retry, number) for number in range(1, 9)] == [10, 20, 40, 80, 160, 240, 300, 300]


@pytest.mark.parametrize(
    ("attempts", "longest", "given_up"),
    [
        (3, 0, {(3, 0), (4, 0), (3, 60), (4, 60)}),
        (3, 60, {(3, 60), (4, 60)}),
        (-1, 60, {(2, 60), (3, 60), (4, 60)}),
        (-1, 0, set()),
    ],
)
def test_a_task_is_given_up_when_all_limits_that_are_set_are_reached(attempts: int, longest: float, given_up: set):
    retry = tasks_v2.RetryConfig(max_attempts=attempts, max_retry_duration=timedelta(seconds=longest))
    assert {(n, age) for n in (2, 3, 4) for age in (0, 60) if exhausted(retry, n, age)} == given_up


def test_the_rate_is_a_bucket_that_fills_and_that_overload_slows_down():
    bucket = Bucket(rate=2.0, burst=2, at=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert bucket.wait() == 0.5
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    bucket.slow_down()
    assert bucket.wait() == 1.0
    bucket.slow_down()
    assert bucket.wait() == 1.0, "it never stops altogether"
    bucket.speed_up()
    bucket.speed_up()
    assert bucket.wait() == 0.5
    assert [bucket.take(99.0) for _ in range(3)] == [True, True, False], "no more than the burst is saved up"


def test_the_burst_follows_from_the_rate():
    rates = {"max_dispatches_per_second": 2.0}
    assert complete(tasks_v2.Queue(rate_limits=rates)).rate_limits.max_burst_size == 1


def test_no_more_go_out_than_the_rate_lets():
    with world_of({"max_dispatches_per_second": 2.0}) as world:
        for name in "abc":
            world.create(name)
        until(lambda: len(world.target.requests) == 1)
        assert not world.fake.idle(timeout=0.05), "two are due and may not go"
        assert len(world.target.requests) == 1
        world.clock.now += 0.5
        world.fake.wake()
        until(lambda: world.names() == ["c"])
        assert len(world.target.requests) == 2


def test_no_more_are_out_at_once_than_the_queue_lets():
    with world_of({"max_concurrent_dispatches": 3}) as world:
        out, most, may_end = [], [], threading.Event()

        def answer(_: object) -> tuple[int, dict[str, str]]:
            out.append(1)
            most.append(len(out))
            may_end.wait(180)
            out.pop()
            return 200, {}

        world.target.answer = answer
        for number in range(8):
            world.create(f"t{number}")
        until(lambda: len(out) == 3)
        may_end.set()
        assert world.fake.idle()
        assert (len(most), max(most)) == (8, 3)


def test_an_overloaded_handler_says_when_to_come_again(world: World):
    world.target.answer = lambda _: (503, {"Retry-After": "120"})
    world.create()
    assert world.fake.idle()
    world.turn(119)
    assert world.tries() == ["0"]
    world.turn(1)
    assert world.tries() == ["0", "1"]


def test_an_answer_that_does_not_come_within_the_deadline_is_none(world: World):
    never = threading.Event()
    world.target.answer = lambda _: (200 if never.wait(180) else 500, {})
    request = tasks_v2.HttpRequest(url=world.target.url)
    assert send(request, {}, 0.05) == Answer(None)
    never.set()
    assert send(request, {}, 30.0) == Answer(200)


def test_nobody_at_the_url_is_no_answer_and_the_task_comes_again(world: World):
    world.create("u", http={"url": "http://127.0.0.1:no-port/"})
    world.create(http={"url": "http://127.0.0.1:9/"})
    assert world.fake.idle()
    task = world.client.get_task(name=f"{QUEUE}/tasks/t")
    assert (task.dispatch_count, task.response_count) == (1, 0)
    assert task.schedule_time == datetime.fromtimestamp(1000.1, UTC)


def test_a_done_task_frees_its_name_when_that_time_is_over():
    with world_of(names_taken=3600.0) as world:
        world.create()
        world.turn(3599)
        with pytest.raises(exceptions.AlreadyExists):
            world.create()
        world.turn(1)
        world.create()
        assert world.fake.idle()
        assert len(world.target.requests) == 2


def test_a_task_of_a_deployed_queue_comes_again_later_and_later_and_is_given_up_in_silence():
    """As terraform/queues.tf has it, with 8 tries in place of 100."""
    retry = {"min_backoff": timedelta(seconds=10), "max_backoff": timedelta(seconds=300), "max_doublings": 5}
    with world_of(retry={**retry, "max_attempts": 8}) as world:
        world.target.answer = lambda _: (500, {})
        world.create()
        for wait in (10, 20, 40, 80, 160, 300, 300):
            world.turn(wait - 1)
            before = len(world.target.requests)
            world.turn(1)
            assert len(world.target.requests) == before + 1
        assert world.tries() == [str(number) for number in range(8)]
        assert world.names() == []
        with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
            world.create()


def test_a_task_is_gone_a_month_after_it_was_made_though_nobody_has_had_it(world: World):
    world.client.pause_queue(name=QUEUE)
    world.create()
    world.turn(31 * 86_400)
    world.client.resume_queue(name=QUEUE)
    assert world.fake.idle()
    assert len(world.target.requests) == 1
    world.client.pause_queue(name=QUEUE)
    world.create("late")
    world.turn(31 * 86_400 + 1)
    world.client.resume_queue(name=QUEUE)
    assert world.fake.idle()
    assert (len(world.target.requests), world.names()) == (1, [])


def test_a_task_deleted_while_it_is_out_does_not_come_back(world: World):
    deleted = threading.Event()
    world.target.answer = lambda _: (500 if deleted.wait(180) else 200, {})
    world.create()
    until(lambda: bool(world.target.requests))
    world.client.delete_task(name=f"{QUEUE}/tasks/t")
    deleted.set()
    world.turn(3600)
    assert world.tries() == ["0"]


def test_time_can_be_shrunk():
    """An hour in a thirtieth of a second, and the back-offs of twenty tries in no more."""
    with world_of(retry={"max_attempts": 20}, time_scale=1e-5, clock=time.time) as world:
        world.target.answer = lambda _: (500, {})
        world.create(schedule_time=datetime.now(UTC) + HOUR)
        until(lambda: world.names() == [])
        assert world.tries() == [str(number) for number in range(20)]


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (DeliveryFault(twice=True), ["0", "0"]),
        (DeliveryFault(answer_lost=True), ["0", "1"]),
        (DeliveryFault(lost=True), []),
        (DeliveryFault(delay=0.05), ["0"]),
    ],
    ids=["twice", "answer lost", "lost", "delay"],
)
def test_a_rehearsal_can_make_deliveries_go_wrong(fault: DeliveryFault, tries: list[str]):
    def faults(task: tasks_v2.Task) -> DeliveryFault | None:
        return fault if task.dispatch_count == 1 else None

    with world_of(delivery_faults=faults) as world:
        world.create()
        assert world.fake.idle()
        world.turn(3600)
        until(lambda: len(world.target.requests) >= len(tries))
        assert world.tries() == tries
        assert world.names() == []
