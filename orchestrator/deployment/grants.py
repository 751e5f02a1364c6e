"""Who may do what in a deployment, and why: every grant that Terraform makes, each on the smallest resource."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """``who`` has ``role`` on ``on``, for the purpose ``why``. ``only``: in which deployments; empty: in all.

    ``who``: a role of names.ROLES, ``sink`` (the log sink's writer), ``pubsub`` (Pub/Sub's service agent), or
    ``starters``, ``operators`` or ``viewers`` (the members in the variable of that name). ``on``: ``project``;
    ``database`` or ``builds``, which are the project under a condition that restricts the role to the database, or to
    the bucket that functions are built from (Firestore has no policies of its own, and the bucket does not exist before
    the first function); or ``kind:name``, where kind is ``queue``, ``secret``, ``function``, ``account``, ``topic``,
    ``subscription``, ``bucket`` or ``repository``.
    """

    who: str
    role: str
    on: str
    why: str
    only: str = ""

    def condition(self, name: str) -> str:
        """The expression that restricts the role to ``name``, if ``on`` is the project under a condition; otherwise "".

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
    Grant("sink", "roles/pubsub.publisher", "topic:signals", "writes Dataflow's log entries to the topic", "logs"),
    Grant("pubsub", "roles/pubsub.publisher", "topic:dead-letters", "keeps undeliverable signals", "logs"),
    Grant("pubsub", "roles/pubsub.subscriber", "subscription:signals", "removes them from the subscription", "logs"),
    Grant("events", "roles/run.invoker", "function:on_signal", "the topic and Eventarc call it as this account"),
    Grant("events", "roles/eventarc.eventReceiver", "project", "Eventarc delivers as this account", "eventarc"),
    Grant("signals", "roles/cloudtasks.enqueuer", "queue:signals", "schedules checks after signals, and nothing else"),
    Grant("signals", "roles/iam.serviceAccountUser", "account:checker", "those tasks carry that account's token"),
    Grant("checker", "roles/run.invoker", "function:on_task", "Cloud Tasks calls it with checks after signals"),
    Grant("caller", "roles/run.invoker", "function:on_task", "Cloud Tasks calls it"),
    Grant("tasks", "roles/datastore.user", "database", "runs, steps and counters"),
    Grant("tasks", "roles/cloudtasks.enqueuer", "queue:launches", "what a step owes"),
    Grant("tasks", "roles/cloudtasks.enqueuer", "queue:checks", "what a step owes"),
    Grant("tasks", "roles/cloudtasks.enqueuer", "queue:notices", "what receivers are told"),
    Grant("tasks", "roles/pubsub.publisher", "topic:receivers", "notifies the topics in 'notify'", "notify"),
    Grant("tasks", "roles/iam.serviceAccountUser", "account:caller", "those tasks carry that account's token"),
    Grant("tasks", "roles/dataflow.developer", "project", "launches, reads, lists and stops jobs"),
    Grant("tasks", "roles/iam.serviceAccountUser", "account:worker", "jobs run as that account, and as no other"),
    Grant("tasks", "roles/storage.legacyBucketReader", "bucket:jobs", "a launch reads its folder's bucket"),
    Grant("tasks", "roles/storage.objectViewer", "bucket:templates", "a launch reads the template's file", "templates"),
    Grant(
        "tasks",
        "roles/secretmanager.secretAccessor",
        "secret:graphs",
        "secrets of the graphs' functions and of receivers",
        "secrets",
    ),
    Grant("starter", "roles/datastore.user", "database", "starts and sweeps runs"),
    Grant("starter", "roles/cloudtasks.enqueuer", "queue:launches", "what a run owes"),
    Grant("starter", "roles/cloudtasks.enqueuer", "queue:checks", "what a run owes"),
    Grant("starter", "roles/iam.serviceAccountUser", "account:caller", "those tasks carry that account's token"),
    Grant("operator", "roles/datastore.user", "database", "does to runs what people ask"),
    Grant("operator", "roles/cloudtasks.enqueuer", "queue:launches", "what a run owes then"),
    Grant("operator", "roles/cloudtasks.enqueuer", "queue:checks", "what a run owes then"),
    Grant("operator", "roles/iam.serviceAccountUser", "account:caller", "those tasks carry that account's token"),
    Grant("operator", "roles/dataflow.developer", "project", "finds jobs that no run waits for, and stops them"),
    Grant("viewer", "roles/datastore.viewer", "database", "shows runs, and can change none"),
    Grant("viewer", "roles/dataflow.viewer", "project", "finds jobs that no run waits for"),
    Grant("scheduler", "roles/run.invoker", "function:start", "a graph's schedule"),
    Grant("scheduler", "roles/run.invoker", "function:sweep", "the sweep's schedule"),
    Grant("starters", "roles/run.invoker", "function:start", "people and systems start runs", "starters"),
    Grant("operators", "roles/run.invoker", "function:console", "people operate runs", "operators"),
    Grant("operators", "roles/run.invoker", "function:console_view", "they look at them too", "operators"),
    Grant("viewers", "roles/run.invoker", "function:console_view", "people look at runs", "viewers"),
    Grant("worker", "roles/dataflow.worker", "project", "what every Dataflow worker needs"),
    Grant("worker", "roles/storage.objectUser", "bucket:jobs", "temporary files, and output if a graph puts it there"),
    Grant("worker", "roles/storage.objectViewer", "bucket:templates", "the launcher reads the template", "templates"),
    Grant("worker", "roles/storage.objectViewer", "bucket:data", "the jobs' input", "readers"),
    Grant("worker", "roles/storage.objectUser", "bucket:data", "the jobs' output", "writers"),
    Grant("worker", "roles/artifactregistry.reader", "repository:images", "the templates' images", "images"),
    Grant("builder", "roles/logging.logWriter", "project", "the log of a build"),
    Grant("builder", "roles/artifactregistry.writer", "repository:functions", "the image it builds"),
    Grant("builder", "roles/storage.objectViewer", "bucket:source", "the uploaded source"),
    Grant("builder", "roles/storage.objectViewer", "builds", "Google's copy of the source, which it builds from"),
)
