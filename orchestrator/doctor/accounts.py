"""The service accounts, and what each may do: every row of deployment.GRANTS that applies to this deployment."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.apis import AskError
from orchestrator.deployment import GRANTS, Grant
from orchestrator.doctor import calls
from orchestrator.doctor.findings import Found, fail, note, warn
from orchestrator.doctor.holding import basic, holding
from orchestrator.doctor.looking import looked
from orchestrator.doctor.mends import APPLY
from orchestrator.doctor.signals import NOT_LOGS, by_eventarc, by_logs
from orchestrator.doctor.world import World


@dataclass(frozen=True, slots=True)
class Target:
    """What a role is granted on: ``id`` as gcloud calls it, ``resource`` as its API does.

    ``only``: the resource that a grant in the project may be held to by a condition.
    """

    kind: str
    id: str
    resource: str
    only: str = ""

    @property
    def shown(self) -> str:
        match self.kind:
            case "project":
                return "the project"
            case "builds":
                return f"bucket {self.id}{'…' if self.id.endswith('-') else ''}"
        return f"{self.kind} {self.id}"

    @property
    def policies(self) -> tuple[tuple[str, str], ...]:
        """Kind and resource of each policy of its own; the project's, from which it inherits, is not among them."""
        return () if self.kind in ("project", "database", "builds") else ((self.kind, self.resource),)


def account(role: str, world: World) -> Found:
    """One of our accounts."""
    email = world.deployment.account(role)
    member = f"serviceAccount:{email}"
    found = world.get(calls.ACCOUNT, world.of_project("serviceAccounts", email))
    if found is None:
        yield fail(f"there is no service account {email}", APPLY)
        return
    if found.get("disabled"):
        yield fail(f"{email} is disabled", world.mends.enable_account(email))
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


def granted(who: str, member: str, world: World) -> Found:
    """What is missing of what ``who``, known to IAM as ``member``, must be allowed."""
    number = 0
    for grant in GRANTS:
        if grant.who != who:
            continue
        for target in _targets(grant, world):
            number += 1
            yield from looked(world.deployment.project, _missing, world, grant, member, target)
    yield note("1 grant" if number == 1 else f"{number} grants")


def _missing(world: World, grant: Grant, member: str, target: Target) -> Found:
    """The thing's own policy, and the project's, from which it inherits: one of them must give the role."""
    blind: AskError | None = None
    doubts: list[str] = []
    for kind, resource in (*target.policies, ("project", world.deployment.project)):
        try:
            policy = world.get(calls.POLICIES[kind], resource)
        except AskError as error:
            blind = blind or error
            continue
        if policy is None:
            return  # the check of the thing itself says so
        held = holding(policy, member, grant.role, target.only)
        if held.yes:
            return
        doubts += held.doubts
    if blind is not None:
        raise blind
    text = f"{member.removeprefix('serviceAccount:')} lacks {grant.role} on {target.shown}; what for: {grant.why}"
    mend = world.mends.grant(target.kind, target.id, member, grant.role, grant.condition(target.only))
    if doubts:
        yield warn(f"{text} (unless it is held by {' or '.join(dict.fromkeys(doubts))})", mend)
    else:
        yield fail(text, mend)


def _basic(world: World, member: str) -> Found:
    policy = world.get(calls.POLICIES["project"], world.deployment.project) or {}
    for role in basic(policy, member):
        text = f"{member.removeprefix('serviceAccount:')} has {role}: it may do nearly everything, and needs none of it"
        yield warn(text, world.mends.take(member, role))


def _targets(grant: Grant, world: World) -> Iterator[Target]:
    """What a grant is on in this deployment; nothing if it does not apply to it, or if that cannot be known."""
    kind, _, name = grant.on.partition(":")
    match grant.only:
        case "templates":
            paths = world.here.lock.templates if world.here.lock else ()
            buckets = {path.removeprefix("gs://").partition("/")[0] for path in paths}
            yield from (_bucket(bucket) for bucket in sorted(buckets) if not _googles(bucket))
        case "" | "logs" | "eventarc":
            if grant.only == "" or (by_logs if grant.only == "logs" else by_eventarc)(world):
                yield _target(world, kind, name)


def _bucket(name: str) -> Target:
    return Target("bucket", name, name, f"projects/_/buckets/{name}")


def _googles(bucket: str) -> bool:
    """Whether these are the templates that Google provides, which everybody may read: all regions have a copy."""
    return bucket == "dataflow-templates" or bucket.startswith("dataflow-templates-")


def _target(world: World, kind: str, name: str) -> Target:
    deployment = world.deployment
    match kind, name:
        case "project", _:
            return Target(kind, deployment.project, deployment.project)
        case "database", _:
            full = world.of_project("databases", world.database)
            return Target(kind, world.database, deployment.project, full)
        case "builds", _:
            found = deployment.build_bucket(world.number(), world.own_key)
            return Target(kind, found, deployment.project, f"projects/_/buckets/{found}")
        case "queue", _:
            return Target(kind, world.queue(name), world.placed("queues", world.queue(name)))
        case "function", _:
            return Target(kind, deployment.function(name), world.placed("services", deployment.function(name)))
        case "account", _:
            email = deployment.account(name)
            return Target(kind, email, world.of_project("serviceAccounts", email))
        case (("topic" | "subscription"), _):
            found = deployment.dead_letters if name == "dead-letters" else deployment.topic
            return Target(kind, found, world.of_project(f"{kind}s", found))
        case "bucket", _:
            return _bucket(deployment.source_bucket if name == "source" else deployment.jobs_bucket)
        case "repository", _:
            return Target(kind, world.repository.rsplit("/", 1)[-1], world.repository)
    raise AssertionError(f"deployment.GRANTS names a thing of an unknown kind: {kind}:{name}")
