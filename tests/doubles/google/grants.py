"""The policies of a whole, right deployment, made from deployment.GRANTS, for the fake of Google's APIs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.deployment import GRANTS, Grant
from orchestrator.deployment.given import NOTHING, Given
from tests.doubles.google.names import Place, bucket
from tests.doubles.google.server import Bodies


@dataclass(frozen=True, slots=True)
class Granting:
    """``template_buckets``: where the graphs' templates lie. ``given``, ``secrets``: as in google_deployed."""

    place: Place
    template_buckets: Collection[str]
    given: Given = NOTHING
    secrets: Collection[str] = ()

    def grant(self, bodies: Bodies, only: Collection[str]) -> None:
        """Grant all that is granted in every deployment, and in those that ``only`` names (Grant.only)."""
        for one in GRANTS:
            if not one.only or one.only in only:
                for resource in self.on(one):
                    for member in self.members(one.who):
                        bodies.grant(resource, one.role, member, self.condition(one))

    def members(self, who: str) -> Collection[str]:
        """Who that is to IAM."""
        people = {"starters": self.given.starters, "operators": self.given.operators, "viewers": self.given.viewers}
        return people[who] if who in people else [self.member(who)]

    def member(self, who: str) -> str:
        """Who that is, but for the members in variables, of whom there are any number."""
        agents = {"sink": "gcp-sa-logging", "pubsub": "gcp-sa-pubsub"}
        if who in agents:
            return self.place.agent(agents[who])
        return f"serviceAccount:{self.place.deployment.account(who)}"

    def condition(self, grant: Grant) -> Mapping[str, str] | None:
        names = {"database": self.place.database, "builds": self.place.build_bucket}
        if grant.on not in names:
            return None
        title = f"{self.place.deployment.base} {grant.on}"
        return {"title": title, "expression": grant.condition(names[grant.on])}

    def on(self, grant: Grant) -> list[str]:
        """The names of the resources whose policies hold a grant."""
        place, d = self.place, self.place.deployment
        kind, _, name = grant.on.partition(":")
        match kind:
            case "project" | "database" | "builds":
                return [place.project]
            case "queue":
                return [place.here("queues", d.queue(name))]
            case "function":
                return [place.here("services", d.function(name))]
            case "account":
                return [place.account(name)]
            case "topic" if name == "receivers":
                return list(self.given.notify_topics)
            case "topic":
                return [place.topic(d.dead_letters if name == "dead-letters" else d.topic)]
            case "subscription":
                return [place.subscription(d.topic)]
            case "secret":
                return list(self.secrets)
            case "repository":
                return [place.repository] if name == "functions" else list(self.given.image_repositories)
        if name == "data":
            may = "write" if grant.only == "writers" else "read"
            return [bucket(one) for one, how in self.given.data_buckets.items() if how == may]
        own = {"source": [d.source_bucket], "jobs": [d.jobs_bucket]}
        return [bucket(one) for one in own.get(name, {*self.template_buckets, *self.given.template_buckets})]
