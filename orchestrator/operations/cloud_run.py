"""What can be done with a run in the cloud: find the logs of its jobs, and cancel it."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.cloud.settings import SettingsError, read_cloud_settings
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Stop
from orchestrator.errors import UsageError
from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.control.cancel_report import earlier, told
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import how_to_name
from orchestrator.reporting.job_page import job_page
from orchestrator.reporting.phrases import status_word
from orchestrator.system.terminal import one_line

if TYPE_CHECKING:
    from orchestrator.cloud.wiring import Deployed


def job_lines(found: Found, node: int, attempt: int | None, follow: bool) -> Iterator[str]:
    """Where to read the log of a step in the cloud, and why it failed. Raises UsageError for options of local logs."""
    step, state = found.plan.steps[node], found.view.state(node)
    if follow:
        raise UsageError(
            "--follow: the log of a run in the cloud cannot be followed here: omit the option to get the log's URL"
        )
    if attempt is not None and attempt != state.attempt:
        raise UsageError(
            f"--attempt: for a run in the cloud, only the newest attempt is known, which is {state.attempt}"
        )
    if not state.attempt:
        yield f"step '{step.name}' has not run: its status is {status_word(state.status)}"
        return
    yield f"step '{step.name}' {status_word(state.status)}, attempt {state.attempt}"
    yield from where(found, node)
    if state.error:
        yield f"error    {one_line(state.error)}"


def where(found: Found, node: int) -> Iterator[str]:
    """The id and the page of the newest job of a step; nothing if there is none."""
    step, job = found.plan.steps[node], found.view.state(node).job
    if job is not None and kind_of(step.work).runs:
        yield f"a run is inside it: {how_to_name(step)}"
    elif job is not None and not kind_of(step.work).cloud_only:
        yield "it is not a Dataflow job, so it has no log"
    elif job is not None:
        yield from _job(job, found.url.project if found.url else "")


def _job(job: str, project: str) -> Iterator[str]:
    from orchestrator.jobs.dataflow.handle import read_handle

    handle = read_handle(job)
    yield f"job      {handle.id} in {handle.region}"
    yield f"console  {job_page(handle, project)}"


def cancel_in_cloud(url: StoreUrl, found: Found, stop: Stop, nodes: Collection[int] | None) -> list[str]:
    """Cancel a run, or its steps ``nodes``. Returns what was done, in sentences.

    Raises UsageError that names every missing variable, and the errors of the store, the queue and Dataflow.
    """
    with deployed("cancel", url) as made:
        waiting, jobs = made.engine.cancel(found.run.key, stop, nodes)
        before = earlier(made.engine.ledger.store, found.run.key, nodes, stop)
        return list(told(found, nodes, before, waiting, jobs))


@contextmanager
def deployed(command: str, url: StoreUrl) -> "Iterator[Deployed]":
    """The deployment that has the store at ``url``. Raises UsageError that names every variable ``command`` lacks."""
    named = {"ORCHESTRATOR_PROJECT": url.project, "ORCHESTRATOR_DATABASE": url.database}
    try:
        settings = read_cloud_settings({**os.environ, **named})
    except SettingsError as error:
        raise UsageError(
            f"{command}: expected the variables of the deployed functions, to reach their queues and jobs:\n{error}"
        ) from error
    from orchestrator.cloud.wiring import Deployed

    made = Deployed(settings)
    try:
        yield made
    finally:
        made.close()
