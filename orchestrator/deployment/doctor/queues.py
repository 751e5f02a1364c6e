"""The queues: there, running, and patient."""

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Found, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World

#: A task that fails is tried so often at least: fewer tries end before a short outage does, and leave it to the sweep.
ATTEMPTS = 10


def queue(lane: str, world: World) -> Found:
    """One lane."""
    name = world.queue(lane)
    found = world.get(calls.QUEUE, world.placed("queues", name))
    if found is None:
        yield fail(f"there is no queue {name} in {world.deployment.region}", APPLY)
        return
    if found.get("state") != "RUNNING":
        text = f"its state is {found.get('state')}, not RUNNING: tasks wait in it, and runs stand still"
        yield fail(text, world.fixes.resume_queue(name))
    attempts = int(found.get("retryConfig", {}).get("maxAttempts", 100))  # left out: Google's default
    if 0 < attempts < ATTEMPTS:
        text = f"a task is tried {attempts} times, and then left to the sweep: expected {ATTEMPTS} at least"
        yield warn(text, world.fixes.more_attempts(name))
    yield note(name)
