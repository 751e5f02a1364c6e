"""The deployed function ``start``, called with the user's identity, for the commands that need it."""

from dataclasses import asdict
from typing import TypeVar

from orchestrator.cli.failure import complain
from orchestrator.cli.output import echo, echo_json
from orchestrator.client.start import Started
from orchestrator.deployment import Deployment
from orchestrator.deployment.starting import Call, reached
from orchestrator.reporting.times import duration

T = TypeVar("T")


def called(deployment: Deployment, url: str | None, call: Call[T]) -> tuple[T, str]:
    """What ``call`` returns, and the URL of the store, as ``reached``. Each wait between attempts is told."""
    return reached(deployment, url, call, complain_of)


def complain_of(why: str, seconds: float) -> None:
    complain(f"{why.rstrip('.')}: trying again in {duration(seconds)}")


def tell(started: Started, store: str, deployment: Deployment, url: str | None, as_json: bool) -> None:
    """Print the run, and how to follow it: by the console, unless only the URL of ``start`` is known (``url``)."""
    if as_json:
        said = {key: value for key, value in asdict(started).items() if value is not None}
        echo_json({**said, "store": store})
        return
    was = "started" if started.created else f"already exists, its status is {started.status}"
    echo(f"run {started.run} {was if started.skipped is None else f'does not run: {started.skipped}'}")
    flag = deployment.flag if url is None else f" --store '{store}'"
    echo(f"follow it: orchestrator status {started.run}{flag}")
