"""The service accounts, and what each may do: every row of deployment.GRANTS that applies to this deployment."""

from orchestrator.client.google_apis import AskError
from orchestrator.deployment import GRANTS, Grant
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.access import looked, unseen
from orchestrator.deployment.doctor.findings import Found, Level, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.iam import basic, holding
from orchestrator.deployment.doctor.signals import NOT_LOGS, by_logs
from orchestrator.deployment.doctor.targets import Target, targets
from orchestrator.deployment.doctor.world import World


def account(role: str, world: World) -> Found:
    """One of our accounts."""
    email = world.deployment.account(role)
    member = f"serviceAccount:{email}"
    found = world.get(calls.ACCOUNT, world.of_project("serviceAccounts", email))
    if found is None:
        yield fail(f"there is no service account {email}", APPLY)
        return
    if found.get("disabled"):
        yield fail(f"{email} is disabled", world.fixes.enable_account(email))
    yield from granted(role, member, world)
    yield from looked(world.deployment.project, _basic, world, member)


def sink_writer(world: World) -> Found:
    """Whoever writes the sink's entries: an account of Google's that the sink names, once it is there."""
    if not by_logs(world):
        yield NOT_LOGS
        return
    sink = world.get(calls.SINK, world.of_project("sinks", world.deployment.topic))
    if sink is None:
        return  # its own check says so
    yield from granted("sink", str(sink.get("writerIdentity", "")), world)


def pubsub_agent(world: World) -> Found:
    """Pub/Sub itself, which moves what could not be handled to the dead letters."""
    if not by_logs(world):
        yield NOT_LOGS
        return
    member = f"serviceAccount:service-{world.number()}@gcp-sa-pubsub.iam.gserviceaccount.com"
    yield from granted("pubsub", member, world)


def starters(world: World) -> Found:
    """Those whom the variable of that name lists; without any, schedules alone start runs."""
    given = world.given()
    if given is None:
        yield note("cannot tell whom the variable 'starters' names")
        return
    for member in given.starters:
        yield from (finding for finding in granted("starters", member, world) if finding.level is not Level.OK)
    yield note(", ".join(given.starters) or "nobody but schedules starts runs")


def granted(who: str, member: str, world: World) -> Found:
    """What is missing of what ``who``, known to IAM as ``member``, must be allowed."""
    number = 0
    for grant in GRANTS:
        if grant.who != who:
            continue
        try:
            on = list(targets(grant, world))
        except AskError as error:
            yield unseen(world.deployment.project, error)
            continue
        for target in on:
            number += 1
            yield from looked(world.deployment.project, _missing, world, grant, member, target)
    yield note("1 grant" if number == 1 else f"{number} grants")


def _missing(world: World, grant: Grant, member: str, target: Target) -> Found:
    """The thing's own policy, and the project's, from which it inherits: one of them must give the role."""
    blind: AskError | None = None
    doubts: list[str] = []
    for kind, resource in (*target.policies, ("project", target.project or world.deployment.project)):
        try:
            policy = world.get(calls.POLICIES[kind], resource)
        except AskError as error:
            blind = blind or error
            continue
        if policy is None:
            if target.named:
                yield fail(f"there is no {target.shown}", "make it, or name another")
            return  # the check of the thing itself says so
        held = holding(policy, member, grant.role, target.only)
        if held.yes:
            return
        doubts += held.doubts
    if blind is not None:
        raise blind
    text = f"{member.removeprefix('serviceAccount:')} lacks {grant.role} on {target.shown}; what for: {grant.why}"
    fix = target.fix or world.fixes.grant(target.kind, target.id, member, grant.role, grant.condition(target.only))
    if doubts:
        yield warn(f"{text} (unless it is held by {' or '.join(dict.fromkeys(doubts))})", fix)
    else:
        yield fail(text, fix)


def _basic(world: World, member: str) -> Found:
    policy = world.get(calls.POLICIES["project"], world.deployment.project) or {}
    for role in basic(policy, member):
        text = f"{member.removeprefix('serviceAccount:')} has {role}: it may do nearly everything, and needs none of it"
        yield warn(text, world.fixes.take(member, role))
