"""What Google's APIs tell of a whole, right deployment: bodies for the stand-in, made from the names and the grants.

It is what terraform/ makes, said once more, for tests in which one thing of it is broken.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.deployment import FUNCTIONS, ROLES, Deployment
from orchestrator.standins.google import Bodies
from orchestrator.standins.google_grants import Granting

Body = dict[str, Any]

_APIS = (
    *("artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "cloudtasks"),
    *("compute", "dataflow", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "storage"),
)

_COLLECTIONS = ("runs", "steps", "counters")

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
) -> Bodies:
    """The bodies of a deployment of the graphs in ``lock`` (the JSON of graphs.lock), whose functions were built from
    the source archive of that name. ``logs``, ``eventarc``: what tells of jobs. ``retention``: days, None for ever."""
    return _Making(deployment, lock, archive, logs, eventarc, retention, number).all()


class _Making:
    def __init__(
        self,
        deployment: Deployment,
        lock: Mapping[str, Any],
        archive: str,
        logs: bool,
        eventarc: bool,
        retention: int | None,
        number: str,
    ) -> None:
        self.d, self.lock, self.archive, self.number = deployment, lock, archive, number
        self.logs, self.eventarc, self.retention = logs, eventarc, retention
        self.project = f"projects/{deployment.project}"
        self.place = f"{self.project}/locations/{deployment.region}"
        self.topics = {name: f"{self.project}/topics/{name}" for name in (deployment.topic, deployment.dead_letters)}
        self.repository = f"{self.place}/repositories/{deployment.base}"
        buckets = {bucket for bucket, _ in self.templates()}
        self.granting = Granting(deployment, number, sorted(buckets))

    def all(self) -> Bodies:
        found = Bodies()
        parts = (self.in_project(), self.functions(), self.queues(), self.kept(), self.schedules())
        for part in (*parts, *([self.by_logs()] if self.logs else []), *([self.triggers()] if self.eventarc else [])):
            for name, body in part:
                found.resources[name] = body
        for bucket, name in self.templates():
            found.resources[f"projects/_/buckets/{bucket}"] = {"name": bucket}
            object_name = f"projects/_/buckets/{bucket}/objects/{name}"
            found.contents[object_name] = json.dumps({"image": "europe-docker.pkg.dev/p/r/i"}).encode()
            size = str(len(found.contents[object_name]))
            found.resources[object_name] = {"bucket": bucket, "name": name, "size": size}
        only = {"templates", *(["logs"] if self.logs else []), *(["eventarc"] if self.eventarc else [])}
        self.granting.grant(found, only)
        return found

    def in_project(self) -> Iterator[tuple[str, Body]]:
        yield (
            self.project,
            {
                "projectId": self.d.project,
                "projectNumber": self.number,
                "name": self.d.project,
                "lifecycleState": "ACTIVE",
            },
        )
        for api in (*_APIS, *(["eventarc"] if self.eventarc else [])):
            yield f"{self.project}/services/{api}.googleapis.com", {"state": "ENABLED"}
        for role in ROLES:
            email = self.d.account(role)
            name = f"{self.project}/serviceAccounts/{email}"
            yield name, {"name": name, "email": email, "projectId": self.d.project}
        yield f"{self.project}/jobs", {"jobs": []}

    def functions(self) -> Iterator[tuple[str, Body]]:
        for target, role in FUNCTIONS.items():
            name, service = (f"{self.place}/{kind}/{self.d.function(target)}" for kind in ("functions", "services"))
            yield (
                name,
                {
                    "name": name,
                    "environment": "GEN_2",
                    "state": "ACTIVE",
                    "buildConfig": {
                        "runtime": "python312",
                        "entryPoint": target,
                        "serviceAccount": f"{self.project}/serviceAccounts/{self.d.account('builder')}",
                        "dockerRepository": self.repository,
                        "source": {"storageSource": {"bucket": self.d.source_bucket, "object": self.archive}},
                    },
                    "serviceConfig": {
                        "service": service,
                        "uri": self.url(target),
                        "serviceAccountEmail": self.d.account(role),
                        "maxInstanceCount": 5,
                        "environmentVariables": self.variables(),
                    },
                },
            )
            urls = [self.d.function_url(target, self.number), self.url(target)]
            yield service, {"name": service, "uri": self.url(target), "urls": urls}

    def variables(self) -> dict[str, str]:
        """What every function is told."""
        told = {
            "ORCHESTRATOR_PROJECT": self.d.project,
            "ORCHESTRATOR_REGION": self.d.region,
            "ORCHESTRATOR_DATABASE": self.d.database,
            "ORCHESTRATOR_LAUNCHES_QUEUE": self.d.queue("launches"),
            "ORCHESTRATOR_CHECKS_QUEUE": self.d.queue("checks"),
            "ORCHESTRATOR_TASK_URL": self.d.function_url("on_task", self.number),
            "ORCHESTRATOR_TASK_AUDIENCE": self.d.function_url("on_task", self.number),
            "ORCHESTRATOR_TASK_ACCOUNT": self.d.account("caller"),
            "ORCHESTRATOR_FOLDER": ".",
            "ORCHESTRATOR_JOB_PREFIX": self.d.base,
        }
        return told if self.retention is None else {**told, "ORCHESTRATOR_RETENTION_DAYS": str(self.retention)}

    def queues(self) -> Iterator[tuple[str, Body]]:
        for lane in ("launches", "checks"):
            name = f"{self.place}/queues/{self.d.queue(lane)}"
            yield name, {"name": name, "state": "RUNNING", "retryConfig": {"maxAttempts": 100, "maxBackoff": "300s"}}

    def kept(self) -> Iterator[tuple[str, Body]]:
        database = f"{self.project}/databases/{self.d.database}"
        yield database, {"name": database, "type": "FIRESTORE_NATIVE", "locationId": self.d.region}
        if self.retention is not None:
            for group in _COLLECTIONS:
                field = f"{database}/collectionGroups/{group}/fields/expire_at"
                yield field, {"name": field, "ttlConfig": {"state": "ACTIVE"}, "indexConfig": {}}
        for bucket in (self.d.source_bucket, self.d.jobs_bucket):
            yield f"projects/_/buckets/{bucket}", {"name": bucket, "location": self.d.region.upper()}
        yield self.repository, {"name": self.repository, "format": "DOCKER"}

    def by_logs(self) -> Iterator[tuple[str, Body]]:
        topic, letters = self.topics.values()
        yield (
            f"{self.project}/sinks/{self.d.topic}",
            {
                "name": self.d.topic,
                "destination": f"pubsub.googleapis.com/{topic}",
                "filter": f'resource.type="dataflow_step" AND resource.labels.job_name=~"^{self.d.base}--"',
                "writerIdentity": self.granting.member("sink"),
            },
        )
        for name in self.topics.values():
            yield name, {"name": name}
        endpoint = self.url("on_signal")
        for name, topic_name in ((self.d.topic, topic), (self.d.dead_letters, letters)):
            full = f"{self.project}/subscriptions/{name}"
            body: Body = {"name": full, "topic": topic_name, "expirationPolicy": {}}
            if name == self.d.topic:
                token = {"serviceAccountEmail": self.d.account("events"), "audience": endpoint}
                body["pushConfig"] = {"pushEndpoint": endpoint, "oidcToken": token}
                body["deadLetterPolicy"] = {"deadLetterTopic": letters, "maxDeliveryAttempts": 20}
            yield full, body

    def triggers(self) -> Iterator[tuple[str, Body]]:
        for region in sorted({self.d.region, *(r for graph in self.lock["graphs"].values() for r in graph["regions"])}):
            name = f"{self.project}/locations/{region}/triggers/{self.d.base}-job-status"
            target = {"service": self.d.function("on_signal"), "region": self.d.region}
            yield (
                name,
                {
                    "name": name,
                    "eventFilters": [{"attribute": "type", "value": "google.cloud.dataflow.job.v1beta3.statusChanged"}],
                    "serviceAccount": self.d.account("events"),
                    "destination": {"cloudRun": target},
                },
            )

    def schedules(self) -> Iterator[tuple[str, Body]]:
        yield self.schedule(self.d.sweep_schedule, "sweep", "*/15 * * * *", "Etc/UTC", False)
        for name, graph in self.lock["graphs"].items():
            if when := graph["schedule"]:
                job = self.d.schedule(name)
                yield self.schedule(job, "start", when["cron"], when["time_zone"], when["paused"])

    def schedule(self, job: str, target: str, cron: str, time_zone: str, paused: bool) -> tuple[str, Body]:
        name = f"{self.place}/jobs/{job}"
        body: Body = {"name": name, "schedule": cron, "timeZone": time_zone, "state": "PAUSED" if paused else "ENABLED"}
        token = {"serviceAccountEmail": self.d.account("scheduler")}
        return name, {**body, "httpTarget": {"uri": self.url(target), "httpMethod": "POST", "oidcToken": token}}

    def url(self, target: str) -> str:
        """The older of the two addresses of a Cloud Run service; its middle is Google's choice."""
        return f"https://{self.d.function(target)}-abcdefghij-ew.a.run.app"

    def templates(self) -> list[tuple[str, str]]:
        """The bucket and the name of each."""
        paths = {path for graph in self.lock["graphs"].values() for path in graph["templates"]}
        return [path.removeprefix("gs://").partition("/")[::2] for path in sorted(paths)]
