"""The resource of each grant: its names for gcloud and for Google's APIs, and the policies that may contain it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.deployment import Grant
from orchestrator.deployment.doctor.fixes import googles, name_in_variable
from orchestrator.deployment.doctor.signals import by_eventarc, by_logs
from orchestrator.deployment.doctor.world import World


@dataclass(frozen=True, slots=True)
class Target:
    """The resource of a grant: ``id`` is its name for gcloud, ``resource`` its name for the API.

    ``only``: the resource that a condition may restrict a grant in the project to. ``project``: the one that it
    inherits from, if it is not the deployment's. ``fix``: what to do instead of granting by hand. ``named``: a variable
    or a graph names it, and Terraform does not create it.
    """

    kind: str
    id: str
    resource: str
    only: str = ""
    project: str = ""
    fix: str = ""
    named: bool = False

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
        """Kind and resource of each policy of its own, without the inherited one of its project."""
        return () if self.kind in ("project", "database", "builds") else ((self.kind, self.resource),)


def targets(grant: Grant, world: World) -> Iterator[Target]:
    """The resources of a grant in this deployment; none if it does not apply. Raises AskError."""
    kind, _, name = grant.on.partition(":")
    match grant.only:
        case "templates":
            yield from _templates(world)
        case "readers" | "writers":
            given, may = world.given(), "read" if grant.only == "readers" else "write"
            yield from (_named(name) for name, how in (given.data_buckets if given else {}).items() if how == may)
        case "images":
            given = world.given()
            yield from (_elsewhere("repository", name) for name in (given.image_repositories if given else ()))
        case "notify":
            given = world.given()
            yield from (_elsewhere("topic", topic) for topic in (given.notify_topics if given else ()))
        case "secrets":
            yield from (_elsewhere("secret", secret) for secret in world.secrets)
        case "logs" if not by_logs(world):
            return
        case "eventarc" if not by_eventarc(world):
            return
        case _:
            yield _target(world, kind, name)


def _templates(world: World) -> Iterator[Target]:
    """The buckets in the variable template_buckets, and those that graphs need in it."""
    lock, given = world.here.lock, world.given()
    needed = {path.removeprefix("gs://").partition("/")[0] for path in (lock.templates if lock else ())}
    named = set(given.template_buckets) if given else set()
    for bucket in sorted(named | {bucket for bucket in needed if not googles(bucket)}):
        yield _named(bucket, "" if bucket in named else name_in_variable("template_buckets", bucket))


def _bucket(name: str) -> Target:
    return Target("bucket", name, name, f"projects/_/buckets/{name}")


def _named(bucket: str, fix: str = "") -> Target:
    return replace(_bucket(bucket), fix=fix, named=True)


def _elsewhere(kind: str, name: str) -> Target:
    """A resource that may be in another project. ``name``: its full name, which begins with ``projects/P``."""
    return Target(kind, name, name, project=name.split("/")[1], named=True)


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
    raise AssertionError(f"deployment.GRANTS has a target of an unknown kind: {kind}:{name}")
