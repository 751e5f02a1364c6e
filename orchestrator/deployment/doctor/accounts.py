"""The service accounts and their permissions: every row of deployment.GRANTS that applies to this deployment."""

from orchestrator.client.google_apis import AskError
from orchestrator.deployment import GRANTS, Grant
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.access import checked, inaccessible
from orchestrator.deployment.doctor.findings import Found, Level, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.iam import basic_roles, role_held
from orchestrator.deployment.doctor.signals import only_by_logs
from orchestrator.deployment.doctor.targets import Target, targets
from orchestrator.deployment.doctor.world import World


def account(role: str, world: World) -> Found:
    """One of the deployment's own accounts."""
    email = world.deployment.account(role)
    member = f"serviceAccount:{email}"
    found = world.get(calls.ACCOUNT, world.of_project("serviceAccounts", email))
    if found is None:
        yield fail(f"there is no service account {email}", APPLY)
        return
    if found.get("disabled"):
        yield fail(f"{email} is disabled", world.fixes.enable_account(email))
    yield from granted(role, member, world)
    yield from checked(world.deployment.project, _basic, world, member)


@only_by_logs
def sink_writer(world: World) -> Found:
    """The account that writes the sink's entries: one of Google's, which the sink names once it exists."""
    sink = world.get(calls.SINK, world.of_project("sinks", world.deployment.topic))
    if sink is None:
        return  # reported by the sink's own check
    yield from granted("sink", str(sink.get("writerIdentity", "")), world)


@only_by_logs
def pubsub_agent(world: World) -> Found:
    """Pub/Sub's service agent, which moves undeliverable signals to the dead-letter topic."""
    member = f"serviceAccount:service-{world.number()}@gcp-sa-pubsub.iam.gserviceaccount.com"
    yield from granted("pubsub", member, world)


def people(variable: str, nobody: str, world: World) -> Found:
    """The members listed in a variable: starters, operators or viewers. ``nobody``: what it means if there are none."""
    given = world.given()
    if given is None:
        yield note(f"unknown: the deployment does not say what the variable '{variable}' lists")
        return
    members: tuple[str, ...] = getattr(given, variable)
    for member in members:
        yield from (finding for finding in granted(variable, member, world) if finding.level is not Level.OK)
    yield note(", ".join(members) or nobody)


def granted(who: str, member: str, world: World) -> Found:
    """The grants that ``who``, called ``member`` in IAM, should have and lacks."""
    number = 0
    for grant in GRANTS:
        if grant.who != who:
            continue
        try:
            on = list(targets(grant, world))
        except AskError as error:
            yield inaccessible(world.deployment.project, error)
            continue
        for target in on:
            number += 1
            yield from checked(world.deployment.project, _missing, world, grant, member, target)
    yield note("1 grant" if number == 1 else f"{number} grants")


def _missing(world: World, grant: Grant, member: str, target: Target) -> Found:
    """One of the resource's own policy and its project's, which it inherits, must grant the role."""
    unread: AskError | None = None
    doubts: list[str] = []
    for kind, resource in (*target.policies, ("project", target.project or world.deployment.project)):
        try:
            policy = world.get(calls.POLICIES[kind], resource)
        except AskError as error:
            unread = unread or error
            continue
        if policy is None:
            if target.named:
                yield fail(f"there is no {target.shown}", "create it, or name another one")
            return  # the resource's own check reports it
        found = role_held(policy, member, grant.role, target.only)
        if found.yes:
            return
        doubts += found.doubts
    if unread is not None:
        raise unread
    text = f"{member.removeprefix('serviceAccount:')} lacks {grant.role} on {target.shown}; purpose: {grant.why}"
    fix = target.fix or world.fixes.grant(target.kind, target.id, member, grant.role, grant.condition(target.only))
    if doubts:
        yield warn(f"{text} (unless it has it through {' or '.join(dict.fromkeys(doubts))})", fix)
    else:
        yield fail(text, fix)


def _basic(world: World, member: str) -> Found:
    policy = world.get(calls.POLICIES["project"], world.deployment.project) or {}
    for role in basic_roles(policy, member):
        text = f"{member.removeprefix('serviceAccount:')} has {role}: it can do nearly everything, and needs none of it"
        yield warn(text, world.fixes.take(member, role))
