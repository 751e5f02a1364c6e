"""The functions: up to date, with the right variables, and without standing instances."""

from collections.abc import Mapping
from typing import Any

from orchestrator.client.google_apis import AskError
from orchestrator.cloud.settings import DEPLOYED_VARIABLES, SettingsError, read_cloud_settings
from orchestrator.deployment import FUNCTIONS
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Found, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.iam import public_members
from orchestrator.deployment.doctor.world import World, variables

#: Variables that differ between functions, or have their own check.
_OWN = (
    "ORCHESTRATOR_SCHEDULER_ACCOUNT",
    "ORCHESTRATOR_TASK_URL",
    "ORCHESTRATOR_VERIFY_AUDIENCE",
    "ORCHESTRATOR_VERIFY_ACCOUNT",
)


def function(target: str, world: World) -> Found:
    """One entry point."""
    found = world.function(target)
    if found is None:
        yield fail(f"{world.deployment.function(target)} is not deployed", APPLY)
        return
    if found.get("state") != "ACTIVE":
        said = "; ".join(str(message.get("message")) for message in found.get("stateMessages", ()))
        yield fail(f"its state is {found.get('state')}, not ACTIVE{f': {said}' if said else ''}", APPLY)
    yield from _source(world, target, found.get("buildConfig", {}))
    yield from _service(world, target, found.get("serviceConfig", {}))
    yield from _told(world, variables(found))
    yield from _public(world, target)


def _source(world: World, target: str, build: Mapping[str, Any]) -> Found:
    if build.get("entryPoint") != target:
        yield fail(f"its entry point is {build.get('entryPoint')!r}, not '{target}'", APPLY)
    archive = str(build.get("source", {}).get("storageSource", {}).get("object", "")).rsplit("/", 1)[-1]
    if world.here.archive is None:
        yield note(f"unknown whether it is up to date: {world.here.no_archive}")
    elif archive != world.here.archive:
        text = f"it is out of date: it was built from {archive or 'something else'}, and this folder would give"
        yield fail(f"{text} {world.here.archive}", APPLY)
    else:
        yield note("is up to date")


def _service(world: World, target: str, service: Mapping[str, Any]) -> Found:
    account = world.deployment.account(FUNCTIONS[target])
    if service.get("serviceAccountEmail") != account:
        yield fail(f"it runs as {service.get('serviceAccountEmail')}, not as {account}", APPLY)
    if standing := service.get("minInstanceCount", 0):
        yield warn(f"it keeps {standing} instances running, which costs money all the time", APPLY)


def _told(world: World, told: Mapping[str, str]) -> Found:
    """Whether its variables are complete, and those of this deployment."""
    try:
        read_cloud_settings(told)
    except SettingsError as error:
        for line in str(error).splitlines():
            yield fail(line, APPLY)
    for name in sorted(told.keys() - set(DEPLOYED_VARIABLES)):
        if name.startswith("ORCHESTRATOR_"):
            yield warn(f"{name}: no such variable exists", APPLY)
    here = {"ORCHESTRATOR_PROJECT": world.deployment.project, "ORCHESTRATOR_REGION": world.deployment.region}
    for name, value in {**world.told, **here}.items():
        if told.get(name, value) != value and name in DEPLOYED_VARIABLES and name not in _OWN:
            as_others = "" if name in here else " as the other functions were told"
            yield fail(f"{name}: expected {value}{as_others}, got {told[name]}", APPLY)
    scheduler, takes = world.deployment.account("scheduler"), told.get("ORCHESTRATOR_SCHEDULER_ACCOUNT", "nobody")
    if takes != scheduler:  # otherwise anybody who may start a run could do so as the schedule
        yield fail(f"ORCHESTRATOR_SCHEDULER_ACCOUNT: expected {scheduler}, got {takes}", APPLY)
    task_url = told.get("ORCHESTRATOR_TASK_URL", "").rstrip("/")
    urls = world.urls("on_task") if task_url else set()
    if urls and task_url not in urls:
        text = f"ORCHESTRATOR_TASK_URL: expected an address of {world.deployment.function('on_task')}"
        yield fail(f"{text} ({' or '.join(sorted(urls))}), got {task_url}", APPLY)


def _public(world: World, target: str) -> Found:
    service = world.deployment.function(target)
    try:
        policy = world.get(calls.POLICIES["function"], world.placed("services", service)) or {}
    except AskError:
        return  # reported by the checks of grants
    for member in public_members(policy, "roles/run.invoker"):
        yield warn(f"anyone may call it: {member} has roles/run.invoker", world.fixes.not_everybody(service, member))
