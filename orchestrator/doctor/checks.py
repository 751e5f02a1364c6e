"""The table of checks, in the order in which they are told. A new check is a function in its file and a row here."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from orchestrator.deployment import FUNCTIONS, ROLES
from orchestrator.doctor import accounts, functions, project, queues, schedules, signals, storage
from orchestrator.doctor.findings import Found, Result, looked
from orchestrator.doctor.world import World

#: Calls at once. Each thread has a connection of its own.
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Check:
    """``look`` yields what is not as it should be, and a note or two."""

    group: str
    name: str
    look: Callable[[World], Found]


CHECKS = (
    Check("project", "project", project.project),
    Check("project", "APIs", project.apis),
    Check("project", "graphs.lock", project.locked),
    Check("project", "jobs at once", project.quota),
    *(Check("functions", target, partial(functions.function, target)) for target in FUNCTIONS),
    *(Check("queues", lane, partial(queues.queue, lane)) for lane in ("launches", "checks")),
    Check("signals", "log sink", signals.sink),
    Check("signals", "topics", signals.topics),
    Check("signals", "push", signals.push),
    Check("signals", "dead letters", signals.dead_letters),
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
)


def examine(world: World) -> Iterator[Result]:
    """Every check's result, in the table's order, each as soon as it and those before it are done."""
    with ThreadPoolExecutor(_THREADS) as pool:
        running = [(check, pool.submit(looked, world.deployment.project, check.look, world)) for check in CHECKS]
        for check, future in running:
            yield Result(check.group, check.name, tuple(future.result()))
