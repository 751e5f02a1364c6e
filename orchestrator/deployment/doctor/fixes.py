"""The commands that fix what was found. Each can be copied as it is, apart from words in capitals. Pure."""

from dataclasses import dataclass
from shlex import quote

from orchestrator.deployment import Deployment

#: Repairs the whole deployment. ``…``: the variables it was applied with; without them, resources would be removed.
APPLY = "terraform -chdir=terraform apply …"

#: For a step whose template is a classic template.
CLASSIC = "set 'classic: true' in the step's dataflow block, and run orchestrator lock again"


def googles(bucket: str) -> bool:
    """Whether it is a bucket of the templates that Google provides, which everybody may read; each region has one."""
    return bucket == "dataflow-templates" or bucket.startswith("dataflow-templates-")


def name_in_variable(variable: str, name: str) -> str:
    """For a grant that Terraform makes if a variable names its target: one made by hand would not be recorded."""
    return f"add '{name}' to the variable {variable}, and apply: {APPLY}"


@dataclass(frozen=True, slots=True)
class Fixes:
    """gcloud commands for one deployment."""

    deployment: Deployment

    @property
    def _project(self) -> str:
        return f"--project={self.deployment.project}"

    @property
    def _region(self) -> str:
        return f"--location={self.deployment.region} {self._project}"

    def enable(self, api: str) -> str:
        return f"gcloud services enable {api} {self._project}"

    def resume_queue(self, queue: str) -> str:
        return f"gcloud tasks queues resume {queue} {self._region}"

    def more_attempts(self, queue: str, attempts: str = "100") -> str:
        return f"gcloud tasks queues update {queue} --max-attempts={attempts} {self._region}"

    def enable_sink(self, sink: str) -> str:
        return f"gcloud logging sinks update {sink} --no-disabled {self._project}"

    def keep_subscription(self, subscription: str) -> str:
        return f"gcloud pubsub subscriptions update {subscription} --expiration-period=never {self._project}"

    def enable_account(self, email: str) -> str:
        return f"gcloud iam service-accounts enable {email} {self._project}"

    def resume_schedule(self, job: str) -> str:
        return f"gcloud scheduler jobs resume {job} {self._region}"

    def pause_schedule(self, job: str) -> str:
        return f"gcloud scheduler jobs pause {job} {self._region}"

    def expire(self, group: str, field: str, database: str) -> str:
        where = f"--collection-group={group} --database={quote(database)} {self._project}"
        return f"gcloud firestore fields ttls update {field} --enable-ttl {where}"

    def template(self, path: str, classic: bool) -> str:
        """Builds the template; or, for one of Google's, lists those there are."""
        bucket, _, name = path.removeprefix("gs://").partition("/")
        if googles(bucket):
            folder, slash, _ = name.rpartition("/")
            return f"gcloud storage ls gs://{bucket}/{folder}{slash}"
        if classic:
            return f"run the pipeline with --runner=DataflowRunner --template_location={path}"
        return f"gcloud dataflow flex-template build {path} --image=IMAGE --sdk-language=PYTHON"

    def logs(self, function: str) -> str:
        return f"gcloud functions logs read {function} --gen2 --region={self.deployment.region} {self._project}"

    def not_everybody(self, service: str, member: str) -> str:
        where = f"--region={self.deployment.region} {self._project}"
        line = f"gcloud run services remove-iam-policy-binding {service} {where}"
        return f"{line} --member={member} --role=roles/run.invoker"

    def take(self, member: str, role: str) -> str:
        line = f"gcloud projects remove-iam-policy-binding {self.deployment.project} --condition=None"
        return f"{line} --member={member} --role={role}"

    def grant(self, kind: str, name: str, member: str, role: str, condition: str = "") -> str:
        """Grants a role on a resource. ``kind``, ``name``: kind and id of a Target. ``condition``: limits a grant in
        the project to the resource."""
        project, region = self._project, self.deployment.region
        limited = f"title={self.deployment.base} {kind},expression={condition}" if condition else "None"
        in_project = f"projects add-iam-policy-binding {self.deployment.project} --condition={quote(limited)}"
        if "/" in name and kind in ("repository", "secret", "topic"):  # it may be in another project
            _, found, *place, name = name.split("/")
            project, region = f"--project={found}", place[1] if place[0] == "locations" else ""
        where = {
            "project": in_project,
            "database": in_project,
            "builds": in_project,
            "queue": f"tasks queues add-iam-policy-binding {name} {self._region}",
            "function": f"run services add-iam-policy-binding {name} --region={region} {project}",
            "account": f"iam service-accounts add-iam-policy-binding {name} {project}",
            "topic": f"pubsub topics add-iam-policy-binding {name} {project}",
            "subscription": f"pubsub subscriptions add-iam-policy-binding {name} {project}",
            "bucket": f"storage buckets add-iam-policy-binding gs://{name}",
            "secret": f"secrets add-iam-policy-binding {name} {project}",
            "repository": f"artifacts repositories add-iam-policy-binding {name} --location={region} {project}",
        }[kind]
        return f"gcloud {where} --member={member} --role={role}"
