"""What Google's APIs tell of a whole, right deployment: bodies for the fake, made from the names and the grants.

It is what terraform/ makes, said once more, for tests in which one thing of it is broken.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from orchestrator.deployment import ROLES, Deployment
from orchestrator.deployment.given import GIVEN, NOTHING, Given
from orchestrator.ports import NOTICES, QUEUES
from tests.doubles.google.functions import functions
from tests.doubles.google.grants import Granting
from tests.doubles.google.names import Place, bucket
from tests.doubles.google.server import Bodies
from tests.doubles.google.signals import by_logs, triggers

Named = tuple[str, dict[str, Any]]

_APIS = (
    *("artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "cloudtasks"),
    *("compute", "dataflow", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "storage"),
)

#: What a Flex template's file holds at least.
_SPEC = json.dumps({"image": "europe-docker.pkg.dev/p/r/i"}).encode()

NUMBER = "123456789012"


def deployed(
    deployment: Deployment,
    lock: Mapping[str, Any],
    archive: str,
    *,
    logs: bool = True,
    eventarc: bool = False,
    retention: int | None = 90,
    number: str = NUMBER,
    given: Given = NOTHING,
    secrets: Collection[str] = (),
) -> Bodies:
    """The bodies of a deployment of the graphs in ``lock``, the JSON of graphs.lock.

    ``archive``: the name of the functions' source. ``logs``, ``eventarc``: what tells of jobs. ``retention``: for how
    many days after their end runs are kept; None: for ever. ``number``: the project's. ``given``: what the variables
    named. ``secrets``: full names of those that functions of graphs are given.
    """
    place, found = Place(deployment, number), Bodies()
    graphs = lock["graphs"].values()
    templates = sorted({path for graph in graphs for path in graph["templates"]})
    regions = {deployment.region, *(region for graph in graphs for region in graph["regions"])}
    for part in (
        _project(place, [*(["eventarc"] if eventarc else []), *(["secretmanager"] if secrets else [])]),
        functions(place, archive, retention),
        _queues(place),
        _kept(place, retention),
        _schedules(place, lock),
        _templates(templates),
        by_logs(place) if logs else (),
        triggers(place, sorted(regions)) if eventarc else (),
    ):
        found.resources.update(part)
    found.contents.update({name: _SPEC for name in found.resources if "/objects/" in name})
    _name(place, found, given, secrets)
    only = {"templates", "readers", "writers", "images", "secrets", "starters", "operators", "viewers", "notify"}
    only |= {*(["logs"] if logs else []), *(["eventarc"] if eventarc else [])}
    Granting(place, sorted({path.split("/")[2] for path in templates}), given, secrets).grant(found, only)
    return found


def _name(place: Place, found: Bodies, given: Given, secrets: Collection[str]) -> None:
    """What the variables and the graphs named, and where that is written down."""
    where = f"{bucket(place.deployment.source_bucket)}/objects/{GIVEN}"
    found.resources[where] = {"bucket": place.deployment.source_bucket, "name": GIVEN}
    found.contents[where] = given.text().encode()
    for name in (*given.template_buckets, *given.data_buckets):
        found.resources[bucket(name)] = {"name": name}
    for name, api in (
        *((n, "artifactregistry") for n in given.image_repositories),
        *((n, "secretmanager") for n in secrets),
        *((n, "pubsub") for n in given.notify_topics),
    ):
        found.resources[name] = {"name": name}
        project = "/".join(name.split("/")[:2])
        found.resources.setdefault(project, {"projectId": name.split("/")[1], "projectNumber": "987654321098"})
        for on in (api, "cloudresourcemanager"):
            found.resources[f"{project}/services/{on}.googleapis.com"] = {"state": "ENABLED"}
    told = [{"projectId": name.split("/")[1], "secret": name.split("/")[3]} for name in secrets]
    if told:
        on_task = found.resources[place.here("functions", place.deployment.function("on_task"))]
        on_task["serviceConfig"]["secretEnvironmentVariables"] = told


def _project(place: Place, more: Collection[str]) -> Iterator[Named]:
    project = place.deployment.project
    about = {"projectId": project, "projectNumber": place.number, "name": project, "lifecycleState": "ACTIVE"}
    yield place.project, about
    for api in (*_APIS, *more):
        yield f"{place.project}/services/{api}.googleapis.com", {"state": "ENABLED"}
    for role in ROLES:
        name, email = place.account(role), place.deployment.account(role)
        yield name, {"name": name, "email": email, "projectId": project}
    yield f"{place.project}/jobs", {"jobs": []}


def _queues(place: Place) -> Iterator[Named]:
    for queue in QUEUES:
        name = place.here("queues", place.deployment.queue(queue))
        retried = {"maxAttempts": -1 if queue == NOTICES else 100, "maxBackoff": "300s"}
        yield name, {"name": name, "state": "RUNNING", "retryConfig": retried}


def _kept(place: Place, retention: int | None) -> Iterator[Named]:
    """Where runs, files and images are."""
    region = place.deployment.region
    yield place.database, {"name": place.database, "type": "FIRESTORE_NATIVE", "locationId": region}
    for group in ("runs", "steps", "counters") if retention is not None else ():
        field = f"{place.database}/collectionGroups/{group}/fields/expire_at"
        yield field, {"name": field, "ttlConfig": {"state": "ACTIVE"}, "indexConfig": {}}
    d = place.deployment
    for name in (d.source_bucket, d.jobs_bucket, d.build_bucket(place.number)):
        yield bucket(name), {"name": name, "location": region.upper()}
    yield place.repository, {"name": place.repository, "format": "DOCKER"}


def _schedules(place: Place, lock: Mapping[str, Any]) -> Iterator[Named]:
    d = place.deployment
    yield _schedule(place, d.sweep_schedule, "sweep", {"cron": "*/15 * * * *", "time_zone": "Etc/UTC", "paused": False})
    for name, graph in lock["graphs"].items():
        if graph["schedule"]:
            yield _schedule(place, d.schedule(name), "start", graph["schedule"])


def _schedule(place: Place, job: str, target: str, when: Mapping[str, Any]) -> Named:
    name, token = place.here("jobs", job), {"serviceAccountEmail": place.deployment.account("scheduler")}
    return name, {
        "name": name,
        "schedule": when["cron"],
        "timeZone": when["time_zone"],
        "state": "PAUSED" if when["paused"] else "ENABLED",
        "httpTarget": {"uri": place.url(target), "httpMethod": "POST", "oidcToken": token},
    }


def _templates(paths: Collection[str]) -> Iterator[Named]:
    for path in paths:
        where, _, name = path.removeprefix("gs://").partition("/")
        yield bucket(where), {"name": where}
        yield f"{bucket(where)}/objects/{name}", {"bucket": where, "name": name, "size": str(len(_SPEC))}
