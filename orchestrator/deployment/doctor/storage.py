"""The runs' database, the buckets, the repository of the functions' images, and the templates of jobs."""

import json

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.access import checked
from orchestrator.deployment.doctor.findings import Found, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY, CLASSIC
from orchestrator.deployment.doctor.world import World

#: The collections of a run, and the field of their TTL policies. A policy does not delete subcollections.
EXPIRING, EXPIRES = ("runs", "steps", "counters"), "expire_at"

#: A Flex template's file has a few kilobytes; a larger file, in bytes, is not one.
LARGEST = 1024 * 1024


def database(world: World) -> Found:
    name = world.database
    found = world.get(calls.DATABASE, world.of_project("databases", name))
    if found is None:
        yield fail(f"there is no Firestore database {name}", APPLY)
        return
    if found.get("type") != "FIRESTORE_NATIVE":
        fix = "name another database in the variable 'database', and apply: the type of a database cannot be changed"
        yield fail(f"its type is {found.get('type')}, not FIRESTORE_NATIVE", fix)
    yield note(name)


def retention(world: World) -> Found:
    """If the functions set an expiry date on old runs, TTL policies must delete them."""
    days = world.told.get("ORCHESTRATOR_RETENTION_DAYS")
    if not world.told:
        world.function("on_task")  # if it may not be checked at, neither can this be told
    if not days:
        yield note("runs are kept forever")
        return
    name = world.database
    for group in EXPIRING:
        field = world.of_project("databases", f"{name}/collectionGroups/{group}/fields/{EXPIRES}")
        state = (world.get(calls.FIELD, field) or {}).get("ttlConfig", {}).get("state")
        fix = world.fixes.expire(group, EXPIRES, name)
        match state:
            case "ACTIVE":
                pass
            case "CREATING":
                yield warn(f"the TTL policy of {group} is still being created", "try again in some minutes")
            case None:
                yield fail(f"{group} has no TTL policy on {EXPIRES}: old documents are never deleted", fix)
            case _:
                yield fail(f"the TTL policy of {group} on {EXPIRES} is {state}, not ACTIVE", fix)
    yield note(f"runs are deleted {days} days after their end")


def buckets(world: World) -> Found:
    for name in (world.deployment.source_bucket, world.deployment.jobs_bucket):
        if world.get(calls.BUCKET, name) is None:
            yield fail(f"there is no bucket gs://{name}", APPLY)


def images(world: World) -> Found:
    """The repository for the images of the functions."""
    name = world.repository
    if world.get(calls.REPOSITORY, name) is None:
        yield fail(f"there is no Artifact Registry repository {name}", APPLY)


def templates(world: World) -> Found:
    lock = world.here.lock
    for path in lock.templates if lock else ():
        yield from checked(world.deployment.project, _template, world, path)
    yield note(
        f"{len(lock.templates)} in {lock.folder}/graphs.lock" if lock else "there is no graphs.lock to name them"
    )


def _template(world: World, path: str) -> Found:
    """It exists; a Flex template is JSON that names an image, a classic one is a job's graph."""
    bucket, _, name = path.removeprefix("gs://").partition("/")
    classic = world.here.lock is not None and path in world.here.lock.classic
    fix = world.fixes.template(path, classic)
    found = world.get(calls.OBJECT, name, bucket=bucket)
    if found is None:
        yield fail(f"{path} does not exist", fix)
    elif not classic:
        yield from _flex(world, path, int(found.get("size", 0)), fix)


def _flex(world: World, path: str, size: int, fix: str) -> Found:
    bucket, _, name = path.removeprefix("gs://").partition("/")
    try:
        said = json.loads(world.download(bucket, name)) if size <= LARGEST else None
    except ValueError:
        yield fail(f"{path} is not JSON, so it is not a Flex template", fix)
        return
    if isinstance(said, dict) and "image" in said:
        return
    if size > LARGEST or (isinstance(said, dict) and {"steps", "environment"} & said.keys()):
        yield fail(f"{path} is a classic template, but the graph launches it as a Flex template", CLASSIC)
    else:
        yield fail(f"{path} names no image: expected what 'gcloud dataflow flex-template build' writes", fix)
