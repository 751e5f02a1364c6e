"""What Google's APIs tell of the functions of a whole, right deployment."""

from collections.abc import Iterator
from typing import Any

from orchestrator.deployment import FUNCTIONS
from tests.doubles.google.names import Place


def functions(place: Place, archive: str, retention: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each function, and the Cloud Run service of the same name."""
    d = place.deployment
    for target, role in FUNCTIONS.items():
        name, service = (place.here(kind, d.function(target)) for kind in ("functions", "services"))
        build = {
            "runtime": "python312",
            "entryPoint": target,
            "serviceAccount": place.account("builder"),
            "dockerRepository": place.repository,
            "source": {"storageSource": {"bucket": d.source_bucket, "object": archive}},
        }
        config = {
            "service": service,
            "uri": place.url(target),
            "serviceAccountEmail": d.account(role),
            "maxInstanceCount": 5,
            "environmentVariables": variables(place, retention),
        }
        yield (
            name,
            {
                "name": name,
                "environment": "GEN_2",
                "state": "ACTIVE",
                "buildConfig": build,
                "serviceConfig": config,
            },
        )
        urls = [d.function_url(target, place.number), place.url(target)]
        yield service, {"name": service, "uri": place.url(target), "urls": urls}


def variables(place: Place, retention: int | None) -> dict[str, str]:
    """What every function is told."""
    d = place.deployment
    return {
        "ORCHESTRATOR_PROJECT": d.project,
        "ORCHESTRATOR_REGION": d.region,
        "ORCHESTRATOR_DATABASE": d.database,
        "ORCHESTRATOR_LAUNCHES_QUEUE": d.queue("launches"),
        "ORCHESTRATOR_CHECKS_QUEUE": d.queue("checks"),
        "ORCHESTRATOR_SIGNALS_QUEUE": d.queue("signals"),
        "ORCHESTRATOR_NOTICES_QUEUE": d.queue("notices"),
        "ORCHESTRATOR_TASK_URL": d.function_url("on_task", place.number),
        "ORCHESTRATOR_TASK_AUDIENCE": d.function_url("on_task", place.number),
        "ORCHESTRATOR_TASK_ACCOUNT": d.account("caller"),
        "ORCHESTRATOR_SIGNALS_ACCOUNT": d.account("checker"),
        "ORCHESTRATOR_SCHEDULER_ACCOUNT": d.account("scheduler"),
        "ORCHESTRATOR_FOLDER": ".",
        "ORCHESTRATOR_JOB_PREFIX": d.base,
        "ORCHESTRATOR_RETENTION_DAYS": "none" if retention is None else str(retention),
    }
