"""Who may do what in a deployment, and why: every grant Terraform makes, each on the smallest thing Google allows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """``who`` has ``role`` on ``on``, because of ``why``. ``only``: in which deployments; empty: in all.

    ``who``: a role of names.ROLES, ``sink`` (the log sink's writer), ``pubsub`` (Pub/Sub's own service agent) or
    ``starters`` (those whom the variable of that name lists). ``on``: ``project``, ``database`` or ``builds`` (the
    project, on the condition that it is that database, or the bucket that functions are built from: Firestore has no
    policies of its own, and that bucket is not there before the first function), or ``kind:name`` where the kind is
    ``queue``, ``secret``, ``function``, ``account``, ``topic``, ``subscription``, ``bucket`` or ``repository``.
    """

    who: str
    role: str
    on: str
    why: str
    only: str = ""

    def condition(self, name: str) -> str:
        """The expression that holds the role to ``name``, if ``on`` stands for the project on a condition; else empty.

        ``name``: projects/P/databases/D, or projects/_/buckets/B (Deployment.build_bucket).
        """
        match self.on:
            case "database":
                return f'resource.name == "{name}"'
            case "builds" if name.endswith("-"):
                return f'resource.name.startsWith("{name}")'
            case "builds":
                return f'resource.name == "{name}" || resource.name.startsWith("{name}/objects/")'
        return ""


GRANTS: tuple[Grant, ...] = (
    Grant("sink", "roles/pubsub.publisher", "topic:signals", "Dataflow's log entries reach the topic", "logs"),
    Grant("pubsub", "roles/pubsub.publisher", "topic:dead-letters", "signals nobody could handle are kept", "logs"),
    Grant("pubsub", "roles/pubsub.subscriber", "subscription:signals", "and are taken off the subscription", "logs"),
    Grant("events", "roles/run.invoker", "function:on_signal", "the topic and Eventarc call it"),
    Grant("events", "roles/eventarc.eventReceiver", "project", "Eventarc delivers in its name", "eventarc"),
    Grant("signals", "roles/cloudtasks.enqueuer", "queue:signals", "a signal becomes a look, and can become no more"),
    Grant("signals", "roles/iam.serviceAccountUser", "account:looks", "the look carries that account's token"),
    Grant("looks", "roles/run.invoker", "function:on_task", "Cloud Tasks calls it with looks"),
    Grant("caller", "roles/run.invoker", "function:on_task", "Cloud Tasks calls it"),
    Grant("tasks", "roles/datastore.user", "database", "runs, steps and counters"),
    Grant("tasks", "roles/cloudtasks.enqueuer", "queue:launches", "what a step owes"),
    Grant("tasks", "roles/cloudtasks.enqueuer", "queue:checks", "what a step owes"),
    Grant("tasks", "roles/iam.serviceAccountUser", "account:caller", "those tasks carry that account's token"),
    Grant("tasks", "roles/dataflow.developer", "project", "launch, look at, list and stop jobs"),
    Grant("tasks", "roles/iam.serviceAccountUser", "account:worker", "jobs run as that account, and as no other"),
    Grant("tasks", "roles/storage.legacyBucketReader", "bucket:jobs", "a launch looks at its folder's bucket"),
    Grant("tasks", "roles/storage.objectViewer", "bucket:templates", "a launch reads the template's file", "templates"),
    Grant("tasks", "roles/secretmanager.secretAccessor", "secret:graphs", "what functions of graphs need", "secrets"),
    Grant("starter", "roles/datastore.user", "database", "runs that begin, runs that are swept"),
    Grant("starter", "roles/cloudtasks.enqueuer", "queue:launches", "what a run owes"),
    Grant("starter", "roles/cloudtasks.enqueuer", "queue:checks", "what a run owes"),
    Grant("starter", "roles/iam.serviceAccountUser", "account:caller", "those tasks carry that account's token"),
    Grant("scheduler", "roles/run.invoker", "function:start", "a graph's schedule"),
    Grant("scheduler", "roles/run.invoker", "function:sweep", "the sweep's schedule"),
    Grant("starters", "roles/run.invoker", "function:start", "people and systems that start them", "starters"),
    Grant("worker", "roles/dataflow.worker", "project", "what every Dataflow worker needs"),
    Grant("worker", "roles/storage.objectUser", "bucket:jobs", "temporary files, and output if wanted there"),
    Grant("worker", "roles/storage.objectViewer", "bucket:templates", "the launcher reads the template", "templates"),
    Grant("worker", "roles/storage.objectViewer", "bucket:data", "the jobs' input", "readers"),
    Grant("worker", "roles/storage.objectUser", "bucket:data", "the jobs' output", "writers"),
    Grant("worker", "roles/artifactregistry.reader", "repository:images", "the templates' images", "images"),
    Grant("builder", "roles/logging.logWriter", "project", "the log of a build"),
    Grant("builder", "roles/artifactregistry.writer", "repository:functions", "the image it builds"),
    Grant("builder", "roles/storage.objectViewer", "bucket:source", "the source, where it is put"),
    Grant("builder", "roles/storage.objectViewer", "builds", "the source, where Google copies it to build from it"),
)
