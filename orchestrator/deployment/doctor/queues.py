"""The queues: they exist, they run, and they retry often enough."""

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Found, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World
from orchestrator.ports import NOTICES

#: The least number of attempts per task: with fewer, a short outage would leave tasks to the sweep.
ATTEMPTS = 10


def queue(queue_name: str, world: World) -> Found:
    """One queue."""
    name = world.queue(queue_name)
    found = world.get(calls.QUEUE, world.placed("queues", name))
    if found is None:
        yield fail(f"there is no queue {name} in {world.deployment.region}", APPLY)
        return
    if found.get("state") != "RUNNING":
        text = f"its state is {found.get('state')}, not RUNNING: its tasks wait, and runs make no progress"
        yield fail(text, world.fixes.resume_queue(name))
    attempts = int(found.get("retryConfig", {}).get("maxAttempts", 100))  # if absent: Google's default
    if queue_name == NOTICES and attempts > 0:
        text = f"it gives a notification up after {attempts} tries, and nobody looks at an ended run again"
        yield warn(text, world.fixes.more_attempts(name, "unlimited"))
    elif 0 < attempts < ATTEMPTS:
        text = f"it tries a task {attempts} times, then the sweep must find it: expected at least {ATTEMPTS} attempts"
        yield warn(text, world.fixes.more_attempts(name))
    yield note(name)
