"""How a deployment learns that a job may have ended: log sink -> topic -> push, or Eventarc, or both."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from orchestrator.client.google_apis import AskError
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Found, fail, note
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World

NOT_LOGS = note("not used: signals come from Eventarc")


def by_logs(world: World) -> bool:
    """Whether signals come from Dataflow's log: a part of that path exists, or may exist, or there is no other path."""
    topic = world.deployment.topic
    parts = (
        (calls.SINK, world.of_project("sinks", topic)),
        (calls.TOPIC, world.of_project("topics", topic)),
        (calls.SUBSCRIPTION, world.of_project("subscriptions", topic)),
    )
    for call, name in parts:
        try:
            if world.get(call, name) is not None:
                return True
        except AskError:
            return True
    return not by_eventarc(world)


def only_by_logs(check: Callable[[World], Found]) -> Callable[[World], Found]:
    """A check of a part of that path: a note says so if the path is not used."""

    @wraps(check)
    def checked(world: World) -> Found:
        if by_logs(world):
            yield from check(world)
        else:
            yield NOT_LOGS

    return checked


def by_eventarc(world: World) -> bool:
    """Whether signals come from Eventarc, as far as its triggers can be read."""
    try:
        return bool(triggers(world))
    except AskError:
        return False


def triggers(world: World) -> list[Mapping[str, Any]]:
    """The triggers that call on_signal, in all regions."""
    pages = world.pages(calls.TRIGGERS, f"projects/{world.deployment.project}/locations/-")
    ours = world.deployment.function("on_signal")
    return [
        trigger
        for page in pages
        for trigger in page.get("triggers", ())
        if ours
        in (
            trigger.get("destination", {}).get("cloudRun", {}).get("service"),
            str(trigger.get("destination", {}).get("cloudFunction", "")).rsplit("/", 1)[-1],
        )
    ]


@only_by_logs
def sink(world: World) -> Found:
    name = world.deployment.topic
    found = world.get(calls.SINK, world.of_project("sinks", name))
    if found is None:
        yield fail(f"there is no log sink {name}: no signal is sent when a job ends", APPLY)
        return
    if found.get("disabled"):
        yield fail("it is disabled: no signal is sent when a job ends", world.fixes.enable_sink(name))
    topic = f"pubsub.googleapis.com/{world.of_project('topics', name)}"
    if found.get("destination") != topic:
        yield fail(f"its destination is {found.get('destination')}, not {topic}", APPLY)
    prefix = world.told.get("ORCHESTRATOR_JOB_PREFIX", "") if world.told else world.deployment.base
    if prefix and f"{prefix}--" not in found.get("filter", ""):
        yield fail(
            f"its filter excludes this deployment's jobs: expected '{prefix}--' in {found.get('filter', '')!r}", APPLY
        )


def eventarc(world: World) -> Found:
    """Without a log sink, which covers all regions, every region in which jobs run needs a trigger."""
    try:
        found = triggers(world)
    except AskError as error:
        if not error.disabled:
            raise
        found = []
    if not found:
        yield note("not used: signals come from the log sink")
        return
    account = world.deployment.account("events")
    for trigger in found:
        name = trigger["name"].rsplit("/", 1)[-1]
        if (caller := str(trigger.get("serviceAccount", "")).rsplit("/", 1)[-1]) != account:
            yield fail(f"trigger {name} calls as {caller}, not as {account}", APPLY)
        for kind, condition in sorted(trigger.get("conditions", {}).items()):
            yield fail(f"trigger {name}: {kind}: {condition.get('message', condition.get('code'))}", APPLY)
    heard = {trigger["name"].split("/")[3] for trigger in found}
    lock = world.here.lock
    wanted = {world.deployment.region, *(lock.regions if lock else ())}
    if not by_logs(world):
        for region in sorted(wanted - heard):
            yield fail(f"there is no trigger for jobs in {region}", APPLY)
    yield note(f"triggers in {', '.join(sorted(heard))}")
