"""Starts runs and reruns of deployed graphs, as the function ``start`` does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orchestrator.cloud.rerun_body import RerunAsked
from orchestrator.cloud.start_body import check_unscheduled
from orchestrator.console.exchange import Call
from orchestrator.core.model import Run
from orchestrator.core.rerun_inside import Selection
from orchestrator.errors import NotFoundError, UsageError

Answer = tuple[int, Mapping[str, Any]]


class RefusedError(UsageError):
    """A request in the right form that cannot be met: the graph wants other params, or the run cannot be rerun so."""

    http_status = 409


def start(call: Call) -> Answer:
    """Start a run: 201; 200 if it was there."""
    asked = call.body
    with _refusing():
        if asked.run_id is not None:
            check_unscheduled(asked.run_id)
        run, created = call.deployed.start(asked.graph, asked.run_id, asked.params, call.headers)
    return _started(run, created)


def rerun(call: Call) -> Answer:
    """Start a rerun: 201; 200 if just this one was started before."""
    run, created, _ = _rerun(call, dry_run=False)
    assert run is not None
    return _started(run, created)


def plan_rerun(call: Call) -> Answer:
    """What a rerun would do: 200."""
    return 200, {"plan": _rerun(call, dry_run=True)[2]}


def _rerun(call: Call, dry_run: bool) -> tuple[Run | None, bool, dict[str, Any]]:
    from orchestrator.cloud.reruns import rerun as start_rerun

    asked = call.body
    wanted = RerunAsked(
        call.path["run"],
        Selection(tuple(asked.from_), tuple(asked.only), asked.all),
        asked.same_version,
        dry_run,
        asked.token,
    )
    with _refusing():
        if asked.run_id is not None:
            check_unscheduled(asked.run_id)
        return start_rerun(call.deployed, wanted, asked.run_id, asked.params, call.headers)


@contextmanager
def _refusing() -> Iterator[None]:
    """Answer 409 for what the form of a request cannot exclude."""
    try:
        yield
    except NotFoundError:
        raise
    except UsageError as error:
        raise RefusedError(str(error)) from error


def _started(run: Run, created: bool) -> Answer:
    answer: dict[str, Any] = {"run": run.id, "graph": run.graph, "status": run.status, "created": created}
    if run.skipped is not None:
        answer["skipped"] = run.skipped
    return 201 if created else 200, answer
