"""The Cloud Scheduler jobs: of the sweep, and of every graph with a schedule."""

from collections.abc import Mapping
from typing import Any

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.access import checked
from orchestrator.deployment.doctor.findings import Found, fail, note
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World
from orchestrator.deployment.lockfile.file import Schedule

#: google.rpc.Code -> name: how an attempt ended, as Cloud Scheduler reports it.
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}


def sweep(world: World) -> Found:
    yield from _job(world, world.deployment.sweep_schedule, "sweep", None)


def graphs(world: World) -> Found:
    lock = world.here.lock
    wanted = {name: graph.schedule for name, graph in (lock.graphs if lock else {}).items() if graph.schedule}
    for name, schedule in sorted(wanted.items()):
        yield from checked(
            world.deployment.project, _job, world, world.deployment.schedule(name), "start", schedule, f"{name}: "
        )
    yield note(f"of {', '.join(sorted(wanted)) or 'no graph'}" if lock else "there is no graphs.lock to name them")


def _job(world: World, name: str, target: str, wanted: Schedule | None, about: str = "") -> Found:
    found = world.get(calls.SCHEDULE, world.placed("jobs", name))
    if found is None:
        yield fail(f"{about}there is no Cloud Scheduler job {name}", APPLY)
        return
    paused = found.get("state") == "PAUSED"
    if paused and not (wanted and wanted.paused):
        yield fail(f"{about}it is paused, so it starts nothing", world.fixes.resume_schedule(name))
    elif not paused and wanted and wanted.paused and found.get("state") == "ENABLED":
        yield fail(f"{about}it is enabled, but the graph says paused", world.fixes.pause_schedule(name))
    elif not paused and found.get("state") != "ENABLED":
        yield fail(f"{about}its state is {found.get('state')}, not ENABLED", APPLY)
    if wanted and (found.get("schedule"), found.get("timeZone")) != (wanted.cron, wanted.time_zone):
        got = f"'{found.get('schedule')}' ({found.get('timeZone')})"
        yield fail(f"{about}its schedule is {got}, but the graph says '{wanted.cron}' ({wanted.time_zone})", APPLY)
    yield from _last(world, found, target, about)


def _last(world: World, job: Mapping[str, Any], target: str, about: str) -> Found:
    """How the last attempt ended; a job that has not been due yet has none."""
    status = job.get("status", {})
    if code := int(status.get("code", 0)):
        word = _CODES.get(code, code)
        said = f": {status['message']}" if status.get("message") else ""
        text = f"{about}its last attempt, at {job.get('lastAttemptTime', '?')}, ended with {word}{said}"
        yield fail(text, world.fixes.logs(world.deployment.function(target)))
