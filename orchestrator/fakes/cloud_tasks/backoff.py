"""When the fake of Cloud Tasks retries and gives up, and how fast it delivers. Pure; in seconds."""

from dataclasses import dataclass
from datetime import timedelta

from google.cloud import tasks_v2

#: What ``gcloud tasks queues describe`` shows for a new queue.
RATE, CONCURRENT, ATTEMPTS, MIN_BACKOFF, MAX_BACKOFF, DOUBLINGS = 500.0, 1000, 100, 0.1, 3600.0, 16

#: A task is deleted 31 days after it was created, done or not.
TASK_TTL = 31 * 86_400.0


def backoff(retry: tasks_v2.RetryConfig, retries: int) -> float:
    """Seconds before retry number ``retries`` (from 1): doubled ``max_doublings`` times, then growing linearly.

    From RetryConfig's reference: 10 s, 300 s and 3 doublings give 10, 20, 40, 80, 160, 240, 300, 300.
    """
    least, most = retry.min_backoff.total_seconds(), retry.max_backoff.total_seconds()
    doublings = min(retries - 1, retry.max_doublings, 60)
    return float(min(most, least * 2**doublings * max(1, retries - retry.max_doublings)))


def exhausted(retry: tasks_v2.RetryConfig, attempts: int, age: float) -> bool:
    """Whether a task is given up. If both an age and a number of attempts are set, both must have been reached."""
    longest = retry.max_retry_duration.total_seconds() if "max_retry_duration" in retry else 0.0
    reached = [attempts >= retry.max_attempts] if retry.max_attempts > 0 else []
    reached += [age >= longest] if longest > 0 else []
    return bool(reached) and all(reached)


def complete(queue: tasks_v2.Queue) -> tasks_v2.Queue:
    """The queue with Google's defaults for fields that are not set, and with its burst size.

    How the burst size depends on the rate is not documented, only that it is 100 at the default rate of 500 a second.
    """
    rates, retry = queue.rate_limits, queue.retry_config
    rates.max_dispatches_per_second = rates.max_dispatches_per_second or RATE
    rates.max_concurrent_dispatches = rates.max_concurrent_dispatches or CONCURRENT
    rates.max_burst_size = max(1, min(100, int(rates.max_dispatches_per_second / 5)))
    retry.max_attempts = retry.max_attempts or ATTEMPTS
    retry.max_doublings = retry.max_doublings or DOUBLINGS
    if "min_backoff" not in retry:
        retry.min_backoff = timedelta(seconds=MIN_BACKOFF)
    if "max_backoff" not in retry:
        retry.max_backoff = timedelta(seconds=MAX_BACKOFF)
    queue.state = tasks_v2.Queue.State(queue.state or tasks_v2.Queue.State.RUNNING)
    return queue


@dataclass(slots=True)
class Bucket:
    """A queue's token bucket. A response of 429 or 503 halves the rate; a success raises it again."""

    rate: float
    burst: int
    at: float
    tokens: float = 0.0
    factor: float = 1.0

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Take a token if there is one. Returns whether there was."""
        self.tokens = min(float(self.burst), self.tokens + max(0.0, now - self.at) * self.rate * self.factor)
        self.at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def wait(self) -> float:
        """Seconds until there is a token, counted from the last ``take``."""
        return max(0.0, 1.0 - self.tokens) / (self.rate * self.factor)

    def slow_down(self) -> None:
        self.factor = max(self.factor / 2, min(1.0, 1.0 / self.rate))

    def speed_up(self) -> None:
        self.factor = min(1.0, self.factor * 2)
