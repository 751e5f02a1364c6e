"""The policies of a whole, right deployment, made from deployment.GRANTS, for the stand-in of Google's APIs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.deployment import GRANTS, Deployment, Grant
from orchestrator.standins.google import Bodies


@dataclass(frozen=True, slots=True)
class Granting:
    """``number``: the project's. ``template_buckets``: where the graphs' templates lie."""

    deployment: Deployment
    number: str
    template_buckets: Collection[str]

    def grant(self, bodies: Bodies, only: Collection[str]) -> None:
        """Grant all that is granted in every deployment, and in those that ``only`` names (Grant.only)."""
        for one in GRANTS:
            if not one.only or one.only in only:
                for resource in self.on(one):
                    bodies.grant(resource, one.role, self.member(one.who), self.condition(one))

    def member(self, who: str) -> str:
        """Who that is to IAM."""
        agents = {"sink": "gcp-sa-logging", "pubsub": "gcp-sa-pubsub"}
        if who in agents:
            return f"serviceAccount:service-{self.number}@{agents[who]}.iam.gserviceaccount.com"
        return f"serviceAccount:{self.deployment.account(who)}"

    def condition(self, grant: Grant) -> Mapping[str, str] | None:
        if grant.on != "database":
            return None
        d = self.deployment
        expression = f'resource.name == "projects/{d.project}/databases/{d.database}"'
        return {"title": f"{d.base} database", "expression": expression}

    def on(self, grant: Grant) -> list[str]:
        """The names of the resources whose policies hold a grant."""
        d = self.deployment
        project = f"projects/{d.project}"
        place = f"{project}/locations/{d.region}"
        kind, _, name = grant.on.partition(":")
        match kind:
            case "project" | "database":
                return [project]
            case "queue":
                return [f"{place}/queues/{d.queue(name)}"]
            case "function":
                return [f"{place}/services/{d.function(name)}"]
            case "account":
                return [f"{project}/serviceAccounts/{d.account(name)}"]
            case "topic":
                return [f"{project}/topics/{d.dead_letters if name == 'dead-letters' else d.topic}"]
            case "subscription":
                return [f"{project}/subscriptions/{d.topic}"]
            case "repository":
                return [f"{place}/repositories/{d.base}"]
        own = {"source": [d.source_bucket], "jobs": [d.jobs_bucket]}
        return [f"projects/_/buckets/{bucket}" for bucket in own.get(name, self.template_buckets)]
