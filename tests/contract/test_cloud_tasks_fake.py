"""The fake Cloud Tasks against what was recorded of the real one and what its reference says."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions
from google.auth import jwt
from google.cloud import tasks_v2

from tests.contract.fake_world import HOUR, QUEUE, World, world_of
from tests.contract.queues import ACCOUNT, AUDIENCE, PLACE, client_of
from tests.fixtures import fixture


@pytest.fixture
def world() -> Iterator[World]:
    with world_of() as made:
        yield made


def recorded(name: str) -> tuple[type[exceptions.GoogleAPICallError], str]:
    kind, text = fixture("cloud_tasks/errors")["errors"][name]
    return getattr(exceptions, kind), text.replace("{queue}", QUEUE)


def later(world: World, name: str = "t") -> tasks_v2.Task:
    return world.create(name, schedule_time=datetime.fromtimestamp(world.clock.now, UTC) + HOUR)


def a_taken_name(world: World) -> None:
    later(world)
    later(world)


def a_name_that_was_taken(world: World) -> None:
    later(world)
    world.client.delete_task(name=f"{QUEUE}/tasks/t")
    later(world)


def a_deleted_task(world: World) -> None:
    later(world)
    world.client.delete_task(name=f"{QUEUE}/tasks/t")
    world.client.get_task(name=f"{QUEUE}/tasks/t")


def a_deleted_queue(world: World) -> None:
    world.client.delete_queue(name=QUEUE)
    world.client.create_queue(parent=PLACE, queue={"name": QUEUE})


@pytest.mark.parametrize(
    ("name", "provoke"),
    [
        ("task taken", a_taken_name),
        ("task name used before", a_name_that_was_taken),
        ("task name malformed", lambda world: world.create("not a valid id")),
        ("task of another queue", lambda world: world.create("t", queue=f"{QUEUE}-other")),
        ("task asked for that was not", lambda world: world.client.get_task(name=f"{QUEUE}/tasks/t")),
        ("task asked for that was", a_deleted_task),
        ("task deleted that was not", lambda world: world.client.delete_task(name=f"{QUEUE}/tasks/t")),
        ("queue taken", lambda w: w.client.create_queue(parent=PLACE, queue={"name": QUEUE})),
        ("queue made again", a_deleted_queue),
    ],
)
def test_it_says_no_in_the_recorded_words(world: World, name: str, provoke: Callable[[World], object]):
    kind, text = recorded(name)
    with pytest.raises(kind) as raised:
        provoke(world)
    assert (type(raised.value), raised.value.message) == (kind, text)


def test_it_says_that_a_queue_is_not_there_in_the_recorded_words(world: World):
    kind, text = recorded("task for no queue")
    with pytest.raises(kind) as raised:
        world.client.create_task(parent=f"{PLACE}/queues/none", task={"http_request": {"url": world.target.url}})
    assert raised.value.message == text


def test_the_headers_of_a_task_that_meets_a_503_and_a_404_are_the_recorded_ones(world: World):
    script = fixture("cloud_tasks/dispatches")["dispatches"]
    world.target.answer = lambda _: (script[len(world.target.requests) - 1]["answer"], {})
    world.create()
    for _ in script:
        world.turn(3600)
    asked = set(script[-1]["headers"])
    seen = [{name: value for name, value in got.headers.items() if name in asked} for got in world.target.requests]
    etas = [headers["X-CloudTasks-TaskETA"] for headers in seen]
    known = {"{queue}": "q", "{task}": "t"}
    assert [float(eta) for eta in etas] == pytest.approx([1000, 1000.1, 4600.2], abs=1e-3)
    assert seen == [
        {name: known.get(value, value) for name, value in entry["headers"].items()} | {"X-CloudTasks-TaskETA": eta}
        for entry, eta in zip(script, etas, strict=True)
    ]


def test_a_task_carries_the_claims_it_asked_for_and_its_own_headers_but_none_of_cloud_tasks(world: World):
    own = {"Content-Type": "application/json", "X-Mine": "1", "x-cloudtasks-taskretrycount": "9"}
    token = {"service_account_email": ACCOUNT, "audience": AUDIENCE}
    world.create(http={"headers": own, "oidc_token": token})
    assert world.fake.idle()
    (request,) = world.target.requests
    claims = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), verify=False)
    assert {name: claims[name] for name in ("iss", "aud", "email", "email_verified")} == {
        "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True,
    }  # fmt: skip
    assert (request.headers["Content-Type"], request.headers["X-Mine"], request.body) == (
        "application/json",
        "1",
        b"hello",
    )
    assert world.tries() == ["0"]


def test_the_audience_is_the_whole_url_unless_it_is_given(world: World):
    world.create(http={"oidc_token": {"service_account_email": ACCOUNT}})
    assert world.fake.idle()
    (request,) = world.target.requests
    assert jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), verify=False)["aud"] == world.target.url


def test_a_new_queue_has_googles_defaults(world: World):
    queue = world.client.get_queue(name=QUEUE)
    rates, retry = queue.rate_limits, queue.retry_config
    assert (rates.max_dispatches_per_second, rates.max_burst_size, rates.max_concurrent_dispatches) == (500, 100, 1000)
    assert (retry.max_attempts, retry.max_doublings, queue.state) == (100, 16, tasks_v2.Queue.State.RUNNING)
    assert (retry.min_backoff, retry.max_backoff) == (timedelta(seconds=0.1), HOUR)


def test_a_paused_queue_keeps_its_tasks_and_a_forced_one_goes_out_all_the_same(world: World):
    assert world.client.pause_queue(name=QUEUE).state == tasks_v2.Queue.State.PAUSED
    world.create("a")
    world.create("b")
    world.turn(60)
    assert world.target.requests == []
    world.client.run_task(name=f"{QUEUE}/tasks/b")
    assert world.fake.idle()
    assert world.names() == ["a"]
    world.client.resume_queue(name=QUEUE)
    assert world.fake.idle()
    assert world.names() == []


def test_a_forced_task_that_fails_is_retried_from_then_on(world: World):
    world.target.answer = lambda _: (500, {})
    later(world)
    world.client.run_task(name=f"{QUEUE}/tasks/t")
    assert world.fake.idle()
    world.turn(0.1)
    assert world.tries() == ["0", "1"]


def test_a_purged_queue_is_empty_and_the_names_stay_taken(world: World):
    later(world, "a")
    later(world, "b")
    assert world.client.purge_queue(name=QUEUE).purge_time == datetime.fromtimestamp(1000, UTC)
    assert world.names() == []
    with pytest.raises(exceptions.AlreadyExists):
        later(world, "a")


def test_a_queue_is_updated_only_where_the_mask_says(world: World):
    changed = {"name": QUEUE, "rate_limits": {"max_dispatches_per_second": 5.0}, "retry_config": {"max_attempts": 7}}
    queue = world.client.update_queue(queue=changed, update_mask={"paths": ["rate_limits.max_dispatches_per_second"]})
    assert (queue.rate_limits.max_dispatches_per_second, queue.retry_config.max_attempts) == (5.0, 100)
    queue = world.client.update_queue(queue=changed)
    assert queue.retry_config.max_attempts == 7
    created = world.client.update_queue(queue={"name": f"{PLACE}/queues/new"})
    assert created == world.client.get_queue(name=created.name)
    assert [found.name for found in world.client.list_queues(parent=PLACE)] == [f"{PLACE}/queues/new", QUEUE]


def test_lists_come_in_pages(world: World):
    for number in range(5):
        later(world, f"t{number}")
    pages = world.client.list_tasks(request={"parent": QUEUE, "page_size": 2}).pages
    assert [[task.name[-2:] for task in page.tasks] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_a_body_is_shown_only_to_who_asks_for_the_full_view(world: World):
    assert later(world).http_request.body == b""
    request = {"name": f"{QUEUE}/tasks/t"}
    assert world.client.get_task(request=request).http_request.body == b""
    assert world.client.get_task(request={**request, "response_view": "FULL"}).http_request.body == b"hello"


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({"schedule_time": datetime.fromtimestamp(1000, UTC) + timedelta(days=30, seconds=1)}, "at most 30 days"),
        ({"dispatch_deadline": timedelta(seconds=14)}, "between 15 seconds and 30 minutes"),
        ({"dispatch_deadline": timedelta(minutes=31)}, "between 15 seconds and 30 minutes"),
        ({"http": {"url": "ftp://x"}}, "must start with 'http://'"),
        ({"http": {"body": b"x" * 2**20}}, "at most 1 MiB"),
    ],
)
def test_what_is_out_of_its_limits_is_refused(world: World, others: dict, text: str):
    with pytest.raises(exceptions.InvalidArgument, match=text):
        world.create(**others)


@pytest.mark.parametrize(
    "others",
    [
        {"name": "n" * 500},
        {"name": "A-_9"},
        {"schedule_time": datetime.fromtimestamp(1000, UTC) + timedelta(days=30)},
        {"dispatch_deadline": timedelta(seconds=15)},
        {"dispatch_deadline": timedelta(minutes=30)},
    ],
    ids=str,
)
def test_what_is_just_within_its_limits_is_taken(world: World, others: dict):
    world.client.pause_queue(name=QUEUE)
    assert world.create(**others).name.rpartition("/")[2] in world.names()


@pytest.mark.parametrize("name", ["n" * 501, "a.b", "a/b", "ä"])
def test_a_name_of_other_letters_or_of_too_many_is_refused(world: World, name: str):
    with pytest.raises(exceptions.InvalidArgument, match="can contain only letters"):
        world.create(name)


def test_nobody_who_makes_a_task_says_which_queue_it_comes_from(world: World):
    world.create(http={"headers": {"X-CloudTasks-QueueName": "launches", "x-cloudtasks-queuename": "checks"}})
    assert world.fake.idle()
    (request,) = world.target.requests
    told = {name: value for name, value in request.headers.items() if name.lower() == "x-cloudtasks-queuename"}
    assert told == {"X-CloudTasks-QueueName": "q"}


def test_a_task_without_a_name_gets_one(world: World):
    tasks = [world.client.create_task(parent=QUEUE, task={"http_request": {"url": world.target.url}}) for _ in range(2)]
    assert tasks[0].name != tasks[1].name


def test_it_is_a_program_too():
    command = [sys.executable, "-m", "orchestrator.fakes.cloud_tasks.server", "--queue", QUEUE, "--time-scale", "0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        endpoint = program.stdout.readline().split()[-1]
        with client_of(endpoint) as client:
            assert client.get_queue(name=QUEUE).name == QUEUE
        program.terminate()
        assert program.wait(180) == 0
