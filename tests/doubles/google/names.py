"""Where a deployment lies in Google's APIs: the full names of its resources, and the addresses of its functions."""

from dataclasses import dataclass

from orchestrator.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Place:
    """``number``: the project's."""

    deployment: Deployment
    number: str

    @property
    def project(self) -> str:
        return f"projects/{self.deployment.project}"

    def here(self, kind: str, name: str) -> str:
        """The name of a resource in the deployment's region."""
        return f"{self.project}/locations/{self.deployment.region}/{kind}/{name}"

    @property
    def repository(self) -> str:
        """Where the functions' images are."""
        return self.here("repositories", self.deployment.base)

    @property
    def database(self) -> str:
        return f"{self.project}/databases/{self.deployment.database}"

    @property
    def build_bucket(self) -> str:
        """What the functions are built from."""
        return bucket(self.deployment.build_bucket(self.number))

    def topic(self, name: str) -> str:
        return f"{self.project}/topics/{name}"

    def subscription(self, name: str) -> str:
        return f"{self.project}/subscriptions/{name}"

    def account(self, role: str) -> str:
        return f"{self.project}/serviceAccounts/{self.deployment.account(role)}"

    def url(self, target: str) -> str:
        """The older of the two addresses of a Cloud Run service; its middle is Google's choice."""
        return f"https://{self.deployment.function(target)}-abcdefghij-ew.a.run.app"

    def agent(self, service: str) -> str:
        """One of Google's own accounts in the project, as IAM names it."""
        return f"serviceAccount:service-{self.number}@{service}.iam.gserviceaccount.com"


def bucket(name: str) -> str:
    return f"projects/_/buckets/{name}"
