"""Whether a deployment of that name exists at all: if not, that is one finding, not one for each resource."""

from collections.abc import Iterator

from orchestrator.client.google_apis import AskError, Call
from orchestrator.deployment import FUNCTIONS, ROLES
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Finding, fail
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World
from orchestrator.ports import QUEUES


def absent(world: World) -> bool:
    """Whether none of its resources exists. What cannot be read may exist, unless its API is disabled."""
    return not any(_is_there(world, call, name) for call, name in _parts(world))


def missing(world: World) -> Finding:
    """The finding that there is no such deployment: it has another name or project, or was never applied."""
    told = world.deployment
    text = f"there is no {told.base} in {told.project}: it has no function, queue, account, bucket or database"
    where = f'in its own state, with name = "{told.name}" and environment = "{told.environment}": {APPLY}'
    return fail(text, f"name another one with --name and --environment, or create it {where}")


def _parts(world: World) -> Iterator[tuple[Call, str]]:
    """The resources that a deployment always has, whatever its variables."""
    told = world.deployment
    yield from ((calls.ACCOUNT, world.of_project("serviceAccounts", told.account(role))) for role in ROLES)
    yield from ((calls.FUNCTION, world.placed("functions", told.function(target))) for target in FUNCTIONS)
    yield from ((calls.QUEUE, world.placed("queues", told.queue(name))) for name in QUEUES)
    yield from ((calls.BUCKET, name) for name in (told.source_bucket, told.jobs_bucket))
    yield calls.DATABASE, world.of_project("databases", told.database)


def _is_there(world: World, call: Call, name: str) -> bool:
    """Whether it exists, or may exist."""
    try:
        return world.get(call, name) is not None
    except AskError as error:
        return not error.disabled
