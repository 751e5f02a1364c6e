"""What the command line knows of a run in the cloud beyond its store: its jobs' logs, and how it is stopped."""

import os
from collections.abc import Collection, Iterator
from urllib.parse import quote

from orchestrator.cloud.settings import SettingsError, read_cloud_settings
from orchestrator.core.model import Stop
from orchestrator.core.steps import Step
from orchestrator.errors import UsageError
from orchestrator.home.store_url import StoreUrl
from orchestrator.reporting.found import Found
from orchestrator.reporting.words import status_word
from orchestrator.system.terminal import one_line


def job_lines(found: Found, node: int, attempt: int | None, follow: bool) -> Iterator[str]:
    """Where to read what a step wrote in the cloud, and why it failed. Raises UsageError for what only logs here do."""
    step, state = found.plan.steps[node], found.view.state(node)
    if follow:
        raise UsageError("--follow: a log in the cloud is read there: leave it out, and see where")
    if attempt is not None and attempt != state.attempt:
        raise UsageError(
            f"--attempt: of a run in the cloud only the newest job is known, that of attempt {state.attempt}"
        )
    if not state.attempt:
        yield f"step '{step.name}' has not run: it is {status_word(state.status)}"
        return
    yield f"step '{step.name}' {status_word(state.status)}, attempt {state.attempt}"
    if state.job is not None:
        yield from _where(step, state.job, found.url.project if found.url else "")
    if state.error:
        yield f"error    {one_line(state.error)}"


def _where(step: Step, job: str, project: str) -> Iterator[str]:
    if step.work.kind != "dataflow":
        yield "it is no Dataflow job, and writes no log"
        return
    from orchestrator.jobs.dataflow.handle import read_handle

    handle = read_handle(job)
    yield f"job      {handle.id} in {handle.region}"
    page = f"https://console.cloud.google.com/dataflow/jobs/{handle.region}/{handle.id}"
    yield f"console  {page}?project={quote(project, safe='')}"


def cancel_in_cloud(url: StoreUrl, key: str, stop: Stop, nodes: Collection[int] | None) -> tuple[int, int]:
    """Cancel a run, or the steps ``nodes``: how many had no job, and how many one. The functions see to the rest.

    Raises UsageError, naming every variable that is missing, and what the store, the queue and Dataflow raise.
    """
    named = {"ORCHESTRATOR_PROJECT": url.project, "ORCHESTRATOR_DATABASE": url.database}
    try:
        settings = read_cloud_settings({**os.environ, **named})
    except SettingsError as error:
        raise UsageError(
            f"cancel: expected the variables that the deployed functions have, to reach their queue and jobs:\n{error}"
        ) from error
    from orchestrator.cloud.wiring import Deployed

    deployed = Deployed(settings)
    try:
        return deployed.engine.cancel(key, stop, nodes)
    finally:
        deployed.close()
