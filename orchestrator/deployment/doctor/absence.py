"""Whether there is any deployment of that name at all: if not, that is one finding, and not one for each thing."""

from collections.abc import Iterator

from orchestrator.client.google_apis import AskError, Call
from orchestrator.deployment import FUNCTIONS, ROLES
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Finding, fail
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.world import World
from orchestrator.ports import LANES


def absent(world: World) -> bool:
    """Nothing of it is there, and all of it could be looked at; in a project whose APIs are off, nothing can be."""
    return not any(_is_there(world, call, name) for call, name in _parts(world))


def missing(world: World) -> Finding:
    """That, and what makes it: or it is called otherwise, or in another project."""
    told = world.deployment
    text = (
        f"there is no {told.base} in {told.project}: none of its functions, queues, accounts, buckets and no database"
    )
    where = f'in its own state, with name = "{told.name}" and environment = "{told.environment}": {APPLY}'
    return fail(text, f"look for another with --name and --environment; or make it, {where}")


def _parts(world: World) -> Iterator[tuple[Call, str]]:
    """What a deployment has a name for, whatever its variables."""
    told = world.deployment
    yield from ((calls.ACCOUNT, world.of_project("serviceAccounts", told.account(role))) for role in ROLES)
    yield from ((calls.FUNCTION, world.placed("functions", told.function(target))) for target in FUNCTIONS)
    yield from ((calls.QUEUE, world.placed("queues", told.queue(lane))) for lane in LANES)
    yield from ((calls.BUCKET, name) for name in (told.source_bucket, told.jobs_bucket))
    yield calls.DATABASE, world.of_project("databases", told.database)


def _is_there(world: World, call: Call, name: str) -> bool:
    """Or may be."""
    try:
        return world.get(call, name) is not None
    except AskError as error:
        return not error.disabled
