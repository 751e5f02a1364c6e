"""The names of all resources of a deployment, derived from its name, environment and project."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.errors import UsageError

#: Entry point -> the role of the account that it runs as.
FUNCTIONS: Mapping[str, str] = {
    "on_signal": "signals",
    "on_task": "tasks",
    "start": "starter",
    "sweep": "starter",
    "console": "operator",
    "console_view": "viewer",
}

#: Role of a service account -> what it is for. Half of them run nothing: callers only use their identity.
ROLES: Mapping[str, str] = {
    "signals": "runs on_signal: puts tasks on the queue signals",
    "tasks": "runs on_task: reads and writes runs, launches and checks jobs",
    "starter": "runs start and sweep: writes runs and puts tasks on the queues",
    "operator": "runs console: changes runs as people ask, and puts tasks on the queues",
    "viewer": "runs console_view: reads runs, and may change nothing",
    "caller": "its token is in tasks: may call on_task and nothing else",
    "checker": "its token is in tasks of signals: may call on_task, only for the first check of a job after a signal",
    "events": "its token is in events: may call on_signal and nothing else",
    "scheduler": "its token is in the calls of schedules: may call start and sweep and nothing else",
    "worker": "runs the workers of Dataflow jobs",
    "builder": "builds the functions when they are deployed",
}

#: An account's id has at most 30 characters, and ``-scheduler`` is the longest ending; a database's has at least 4.
MAX_BASE, MIN_BASE = 20, 4

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: Google rejects bucket names that contain its name or something close to it, and topics that begin with "goog".
_GOOGLES = re.compile(r"^goog|g[o0]{2}g[l1]e")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One orchestrator in a project; ``name`` and ``environment`` distinguish it from others there."""

    project: str
    region: str
    name: str = "orchestrator"
    environment: str = "prod"

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("environment", self.environment)):
            if not _NAME.fullmatch(value):
                raise UsageError(f"{what}: expected lower-case letters, digits and single '-', got {value!r}")
        if _GOOGLES.search(self.base):
            raise UsageError(f"name and environment: expected no name like Google's, got '{self.base}'")
        if not MIN_BASE <= len(self.base) <= MAX_BASE:
            few = f"expected {MIN_BASE} to {MAX_BASE} characters together"
            raise UsageError(f"name and environment: {few}, got '{self.base}'")

    @property
    def base(self) -> str:
        """The prefix of all names, also of job names."""
        return f"{self.name}-{self.environment}"

    @property
    def flag(self) -> str:
        """What to add to a command so that it finds the deployment: nothing that is so by default."""
        usual = Deployment(self.project, self.region)
        options = [("--project", self.project), ("--region", self.region)]
        options += [("--name", self.name)] if self.name != usual.name else []
        options += [("--environment", self.environment)] if self.environment != usual.environment else []
        return "".join(f" {option} {shlex.quote(value)}" for option, value in options)

    def function(self, target: str) -> str:
        """The name of the function (and of its Cloud Run service) with that entry point."""
        return f"{self.base}-{target.replace('_', '-')}"

    def function_url(self, target: str, project_number: str) -> str:
        """The address of a function. It is known before the function exists, so on_task can be given its own.

        It is the second address of every Cloud Run service, made of its name and the project's number ("Deterministic
        URL", Cloud Run's documentation, 2026); its host's first label must fit DNS's 63 characters.
        """
        return f"https://{self.function(target)}-{project_number}.{self.region}.run.app"

    def queue(self, name: str) -> str:
        """The id of a queue in Cloud Tasks."""
        return f"{self.base}-{name}"

    def account(self, role: str) -> str:
        """The e-mail of a service account."""
        return f"{self.base}-{role}@{self.project}.iam.gserviceaccount.com"

    @property
    def topic(self) -> str:
        """The topic that the log sink writes to; the sink and the push subscription have the same name."""
        return f"{self.base}-signals"

    @property
    def dead_letters(self) -> str:
        """The topic of undeliverable signals, and the subscription that keeps them."""
        return f"{self.base}-dead-letters"

    @property
    def database(self) -> str:
        """The Firestore database, if Terraform creates it."""
        return self.base

    @property
    def source_bucket(self) -> str:
        """The bucket of the functions' source archives."""
        return f"{self.project}-{self.base}-source"

    def build_bucket(self, project_number: str, own_key: bool = False) -> str:
        """The bucket that Cloud Functions copies a source to, and builds from. A result that ends in ``-`` is a prefix.

        Google creates it with the first function of a region. With a customer-managed key, the name ends in the key's
        hash ("Build process overview", Cloud Run functions' documentation, 2026).
        """
        return f"gcf-v2-sources-{project_number}-{self.region}{'-' if own_key else ''}"

    @property
    def jobs_bucket(self) -> str:
        """The bucket of jobs' temporary files."""
        return f"{self.project}-{self.base}-jobs"

    def schedule(self, graph: str) -> str:
        """The Cloud Scheduler job that starts a graph."""
        return f"{self.base}-start-{graph}"

    @property
    def sweep_schedule(self) -> str:
        """The Cloud Scheduler job that calls sweep."""
        return f"{self.base}-sweep"
