"""Where things are kept: the runs' database, the buckets, the images of the functions, and the templates of jobs."""

import json

from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.access import looked
from orchestrator.deployment.doctor.findings import Found, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY, CLASSIC
from orchestrator.deployment.doctor.world import World

#: The collections of a run, and the field by which its documents go. A TTL policy leaves what lies below a document.
EXPIRING, EXPIRES = ("runs", "steps", "counters"), "expire_at"

#: A Flex template's file is a few kilobytes: what is larger than this many bytes is none.
LARGEST = 1024 * 1024


def database(world: World) -> Found:
    name = world.database
    found = world.get(calls.DATABASE, world.of_project("databases", name))
    if found is None:
        yield fail(f"there is no Firestore database {name}", APPLY)
        return
    if found.get("type") != "FIRESTORE_NATIVE":
        fix = "name another database in the variable 'database', and apply: this one cannot be changed"
        yield fail(f"its type is {found.get('type')}, not FIRESTORE_NATIVE", fix)
    yield note(name)


def retention(world: World) -> Found:
    """Old runs go by themselves, if the functions were told to date them."""
    days = world.told.get("ORCHESTRATOR_RETENTION_DAYS")
    if not world.told:
        world.function("on_task")  # if it may not be looked at, neither can this be told
    if not days:
        yield note("runs are kept for ever")
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
                yield warn(f"the TTL policy of {group} is still being made", "ask again in some minutes")
            case None:
                yield fail(f"{group} has no TTL policy on {EXPIRES}: old ones are never deleted", fix)
            case _:
                yield fail(f"the TTL policy of {group} on {EXPIRES} is {state}, not ACTIVE", fix)
    yield note(f"runs go {days} days after their end")


def buckets(world: World) -> Found:
    for name in (world.deployment.source_bucket, world.deployment.jobs_bucket):
        if world.get(calls.BUCKET, name) is None:
            yield fail(f"there is no bucket gs://{name}", APPLY)


def images(world: World) -> Found:
    """Where the build of a function puts its image."""
    name = world.repository
    if world.get(calls.REPOSITORY, name) is None:
        yield fail(f"there is no Artifact Registry repository {name}", APPLY)


def templates(world: World) -> Found:
    lock = world.here.lock
    for path in lock.templates if lock else ():
        yield from looked(world.deployment.project, _template, world, path)
    yield note(f"{len(lock.templates)} in {lock.folder}/graphs.lock" if lock else "no graphs.lock says which")


def _template(world: World, path: str) -> Found:
    """It is there; and if it is a Flex template, it is JSON with an image. A classic one is the graph of a job."""
    bucket, _, name = path.removeprefix("gs://").partition("/")
    classic = world.here.lock is not None and path in world.here.lock.classic
    fix = world.fixes.template(path, classic)
    found = world.get(calls.OBJECT, name, bucket=bucket)
    if found is None:
        yield fail(f"{path} is not there", fix)
    elif not classic:
        yield from _flex(world, path, int(found.get("size", 0)), fix)


def _flex(world: World, path: str, size: int, fix: str) -> Found:
    bucket, _, name = path.removeprefix("gs://").partition("/")
    try:
        said = json.loads(world.download(bucket, name)) if size <= LARGEST else None
    except ValueError:
        yield fail(f"{path} is not JSON, and so no template", fix)
        return
    if isinstance(said, dict) and "image" in said:
        return
    if size > LARGEST or (isinstance(said, dict) and {"steps", "environment"} & said.keys()):
        yield fail(f"{path} is a classic template, and the graph launches it as a Flex template", CLASSIC)
    else:
        yield fail(f"{path} names no image: expected what 'gcloud dataflow flex-template build' writes", fix)
