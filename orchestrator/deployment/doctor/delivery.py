"""The path of a signal from the log sink to on_signal: topics, the push subscription, and the dead letters."""

from collections.abc import Mapping
from typing import Any

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Found, fail, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.signals import only_by_logs
from orchestrator.deployment.doctor.world import World


@only_by_logs
def topics(world: World) -> Found:
    """The topic of signals, and the one of signals that could not be delivered."""
    for name in (world.deployment.topic, world.deployment.dead_letters):
        if world.get(calls.TOPIC, world.of_project("topics", name)) is None:
            yield fail(f"there is no topic {name}", APPLY)


@only_by_logs
def push(world: World) -> Found:
    """The subscription that pushes signals to on_signal."""
    name = world.deployment.topic
    found = world.get(calls.SUBSCRIPTION, world.of_project("subscriptions", name))
    if found is None:
        yield fail(f"there is no subscription {name}: signals are lost", APPLY)
        return
    topic = world.of_project("topics", name)
    if found.get("topic") != topic or found.get("detached"):
        yield fail(f"it is a subscription of {found.get('topic')}, not of {topic}", APPLY)
    yield from _pushed(world, found.get("pushConfig", {}))
    dead = world.of_project("topics", world.deployment.dead_letters)
    if (kept := found.get("deadLetterPolicy", {}).get("deadLetterTopic")) != dead:
        yield warn(f"undeliverable signals go to {kept or 'no topic'}, not to {dead}", APPLY)
    yield from _kept(world, name, found)


@only_by_logs
def dead_letters(world: World) -> Found:
    """The subscription that keeps undeliverable signals: a topic alone keeps nothing."""
    name = world.deployment.dead_letters
    found = world.get(calls.SUBSCRIPTION, world.of_project("subscriptions", name))
    if found is None:
        yield warn(f"there is no subscription {name}: undeliverable signals are not kept", APPLY)
    else:
        yield from _kept(world, name, found)


def _pushed(world: World, config: Mapping[str, Any]) -> Found:
    urls, endpoint = world.urls("on_signal"), str(config.get("pushEndpoint", "")).rstrip("/")
    if urls and endpoint not in urls:
        expected = f"an address of {world.deployment.function('on_signal')} ({' or '.join(sorted(urls))})"
        yield fail(f"it pushes to {endpoint or 'no address'}: expected {expected}", APPLY)
    account, caller = world.deployment.account("events"), config.get("oidcToken", {}).get("serviceAccountEmail")
    if caller != account:
        yield fail(f"it pushes as {caller or 'no account'}, not as {account}, and is rejected", APPLY)


def _kept(world: World, name: str, subscription: Mapping[str, Any]) -> Found:
    """A subscription without a policy expires after 31 idle days; one whose policy has no ``ttl`` never does."""
    policy = subscription.get("expirationPolicy")
    if policy is None or policy.get("ttl"):
        after = policy.get("ttl") if policy else "31 days"
        text = f"it is deleted if it gets no message for {after}"
        yield fail(text, world.fixes.keep_subscription(name))
