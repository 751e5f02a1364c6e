"""The table of checks, in the order of the report. A new check is a function in its file and a row here."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from orchestrator.deployment import FUNCTIONS, ROLES
from orchestrator.deployment.doctor import accounts, delivery, functions, project, queues, schedules, signals, storage
from orchestrator.deployment.doctor.absence import absent, missing
from orchestrator.deployment.doctor.access import checked
from orchestrator.deployment.doctor.findings import Finding, Found, Level, Result
from orchestrator.deployment.doctor.world import World
from orchestrator.ports import QUEUES

#: Concurrent checks. Each thread has its own connection.
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Check:
    """``run`` yields what is wrong, and a note or two."""

    group: str
    name: str
    run: Callable[[World], Found]


CHECKS = (
    Check("project", "project", project.project),
    Check("project", "APIs", project.apis),
    Check("project", "graphs.lock", project.locked),
    Check("project", "jobs at once", project.quota),
    Check("project", "variables", project.given),
    *(Check("functions", target, partial(functions.function, target)) for target in FUNCTIONS),
    *(Check("queues", name, partial(queues.queue, name)) for name in QUEUES),
    Check("signals", "log sink", signals.sink),
    Check("signals", "topics", delivery.topics),
    Check("signals", "push", delivery.push),
    Check("signals", "dead letters", delivery.dead_letters),
    Check("signals", "Eventarc", signals.eventarc),
    Check("storage", "database", storage.database),
    Check("storage", "retention", storage.retention),
    Check("storage", "buckets", storage.buckets),
    Check("storage", "images", storage.images),
    Check("storage", "templates", storage.templates),
    Check("schedules", "sweep", schedules.sweep),
    Check("schedules", "graphs", schedules.graphs),
    *(Check("accounts", role, partial(accounts.account, role)) for role in ROLES),
    Check("accounts", "sink's writer", accounts.sink_writer),
    Check("accounts", "Pub/Sub", accounts.pubsub_agent),
    Check("accounts", "starters", partial(accounts.people, "starters", "only schedules start runs")),
    Check("accounts", "operators", partial(accounts.people, "operators", "nobody may call console")),
    Check("accounts", "viewers", partial(accounts.people, "viewers", "nobody but operators may call console_view")),
)


def examine(world: World) -> Iterator[Result]:
    """Yield each check's result, in the table's order, as soon as it is known; one result if there is no such
    deployment."""
    if absent(world):
        yield Result("project", "deployment", (missing(world),))
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(_result, CHECKS, [world] * len(CHECKS))


def _result(check: Check, world: World) -> Result:
    """The check's findings. If the check itself fails, that is a finding too, and the other checks go on."""
    try:
        found = checked(world.deployment.project, check.run, world)
    except Exception as error:  # noqa: BLE001 - an unforeseen answer
        text = f"this check failed, and may have missed something: {type(error).__name__}: {error}"
        found = [Finding(Level.UNKNOWN, text, "please report it")]
    return Result(check.group, check.name, tuple(found))
