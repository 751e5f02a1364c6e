"""What Google's APIs tell of how a whole, right deployment hears of jobs: by Dataflow's log, or by Eventarc."""

from collections.abc import Collection, Iterator
from typing import Any

from tests.doubles.google.names import Place

Named = tuple[str, dict[str, Any]]


def by_logs(place: Place) -> Iterator[Named]:
    """The sink, the topics, and their subscriptions."""
    d = place.deployment
    sink = {
        "name": d.topic,
        "destination": f"pubsub.googleapis.com/{place.topic(d.topic)}",
        "filter": f'resource.type="dataflow_step" AND resource.labels.job_name=~"^{d.base}--"',
        "writerIdentity": place.agent("gcp-sa-logging"),
    }
    yield f"{place.project}/sinks/{d.topic}", sink
    endpoint = place.url("on_signal")
    push = {
        "pushConfig": {
            "pushEndpoint": endpoint,
            "oidcToken": {"serviceAccountEmail": d.account("events"), "audience": endpoint},
        },
        "deadLetterPolicy": {"deadLetterTopic": place.topic(d.dead_letters), "maxDeliveryAttempts": 20},
    }
    for name, more in ((d.topic, push), (d.dead_letters, {})):
        topic, subscription = place.topic(name), place.subscription(name)
        yield topic, {"name": topic}
        yield subscription, {"name": subscription, "topic": topic, "expirationPolicy": {}, **more}


def triggers(place: Place, regions: Collection[str]) -> Iterator[Named]:
    """One in each region in which jobs run."""
    d = place.deployment
    for region in regions:
        name = f"{place.project}/locations/{region}/triggers/{d.base}-job-status"
        body = {
            "name": name,
            "eventFilters": [{"attribute": "type", "value": "google.cloud.dataflow.job.v1beta3.statusChanged"}],
            "serviceAccount": d.account("events"),
            "destination": {"cloudRun": {"service": d.function("on_signal"), "region": d.region}},
        }
        yield name, body
