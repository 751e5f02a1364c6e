"""What Cloud Tasks refuses, with its own texts where these were recorded (aertje/cloud-tasks-emulator's goldens)."""

import re
from datetime import timedelta

import grpc
from google.cloud import tasks_v2


class Refusal(Exception):
    """The error with which a call is refused."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def invalid(text: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, text)


def no_queue() -> Refusal:
    """Recorded from CreateTask."""
    text = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
    return Refusal(grpc.StatusCode.NOT_FOUND, text)


def no_task(tombstone: bool) -> Refusal:
    """Recorded from GetTask and DeleteTask."""
    recent = (
        "The task no longer exists, though a task with this name existed recently."
        " The task either successfully completed or was deleted."
    )
    return Refusal(grpc.StatusCode.NOT_FOUND, recent if tombstone else "Requested entity was not found.")


def task_taken(tombstone: bool) -> Refusal:
    """The first text was recorded. The other occurs in the code of several projects that check for it."""
    recent = "The task cannot be created because a task with this name existed too recently."
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, recent if tombstone else "Requested entity already exists")


def queue_taken(tombstone: bool) -> Refusal:
    """Both texts were recorded."""
    if tombstone:
        text = "The queue cannot be created because a queue with this name existed too recently."
        return Refusal(grpc.StatusCode.FAILED_PRECONDITION, text)
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, "Queue already exists")


def check_queue(parent: str, queue: tasks_v2.Queue) -> None:
    """Raises Refusal for an invalid queue. The ranges are from the reference of Queue; the texts are ours."""
    if not re.fullmatch(r"projects/[^/]+/locations/[^/]+/queues/[A-Za-z0-9-]{1,100}", queue.name):
        raise invalid(f"Queue ID in '{queue.name}' can contain only letters, numbers or hyphens, 1 to 100 of them.")
    if not queue.name.startswith(f"{parent}/queues/"):
        raise invalid(f"The queue name '{queue.name}' must be in the location from request ('{parent}').")
    if not 0 <= queue.rate_limits.max_dispatches_per_second <= 500:
        raise invalid("Queue.rate_limits.max_dispatches_per_second must be between 0 and 500.")
    if not 0 <= queue.rate_limits.max_concurrent_dispatches <= 5000:
        raise invalid("Queue.rate_limits.max_concurrent_dispatches must be between 0 and 5000.")


def check_name(parent: str, name: str) -> None:
    """Raises Refusal for an invalid name of a task. Both texts were recorded."""
    queue, _, task = name.partition("/tasks/")
    if queue != parent:
        raise invalid(
            f"The queue name from request ('{parent}') must be the same as"
            f" the queue name in the named task ('{queue}')."
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,500}", task):
        raise invalid(
            f'Task ID "{task}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), or underscores (_).'
            " Task ID must between 1 and 500 characters."
        )


def check_task(task: tasks_v2.Task, now: float) -> None:
    """Raises Refusal for an invalid task. The limits are from Task's and CreateTask's reference; the texts are ours."""
    if not re.match(r"https?://[^/]", task.http_request.url):
        raise invalid(f"HttpRequest.url must start with 'http://' or 'https://', got '{task.http_request.url}'.")
    if len(task.http_request.url) > 2083 or tasks_v2.Task.pb(task).ByteSize() > 2**20:
        raise invalid("The task is too large: at most 1 MiB, and 2083 characters of URL.")
    if "schedule_time" in task and task.schedule_time.timestamp() > now + 30 * 86_400:
        raise invalid("Task.schedule_time must be at most 30 days in the future.")
    if "dispatch_deadline" in task and not timedelta(seconds=15) <= task.dispatch_deadline <= timedelta(minutes=30):
        raise invalid("Task.dispatch_deadline must be between 15 seconds and 30 minutes.")
