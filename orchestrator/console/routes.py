"""Every route of the console. A new one is a function, its form and its answer, and an entry here."""

from orchestrator.console import acting, auditing, reading, records, starting
from orchestrator.console.answers import (
    Acted,
    Audited,
    Ids,
    Planned,
    RunNow,
    Runs,
    Started,
    StepExplained,
    Stopped,
    StoredPlan,
    StoredRun,
    StoredRuns,
    StoredView,
    Story,
)
from orchestrator.console.exchange import Handle, Model, Route
from orchestrator.console.forms import (
    AnyMarkForm,
    CancelForm,
    HoldForm,
    IdsQuery,
    NoQuery,
    ReleaseForm,
    RerunForm,
    RetryForm,
    RunQuery,
    RunsQuery,
    SetForm,
    StartForm,
    StopForm,
    StoryQuery,
    ViewQuery,
)


def _show(path: str, name: str, summary: str, handle: Handle, answer: Model, query: Model = NoQuery) -> Route:
    return Route("GET", path, name, summary, handle, answer, query)


def _act(path: str, name: str, summary: str, handle: Handle, body: Model) -> Route:
    return Route("POST", path, name, summary, handle, Acted, NoQuery, body, act=True, refusals=(409,))


def _start(path: str, name: str, summary: str, handle: Handle, answer: Model, body: Model) -> Route:
    made = (200, 201) if answer is Started else (200,)
    return Route("POST", path, name, summary, handle, answer, NoQuery, body, True, made, refusals=(403, 409))


_RUN, _STEP, _KEY = "/runs/{run}", "/runs/{run}/steps/{step}", "/records/keys/{key}"

_STOP = Route(
    "POST",
    "/audit/stop",
    "stop_left",
    "Stop a job that no run waits for.",
    auditing.stop,
    Stopped,
    NoQuery,
    StopForm,
    act=True,
    refusals=(409,),
)

ROUTES = (
    _show("/runs", "list_runs", "List runs, the newest first.", reading.list_runs, Runs, RunsQuery),
    _show(_RUN, "get_run", "Show a run and its steps.", reading.get_run, RunNow, RunQuery),
    _show(f"{_RUN}/story", "get_story", "Tell what happened in a run.", reading.get_story, Story, StoryQuery),
    _show(_STEP, "get_step", "Show a step, and explain its status.", reading.get_step, StepExplained),
    _start("/runs", "start", "Start a run of a deployed graph.", starting.start, Started, StartForm),
    _start(f"{_RUN}/rerun", "rerun", "Start a rerun of a run that has ended.", starting.rerun, Started, RerunForm),
    _start(f"{_RUN}/rerun/plan", "plan_rerun", "Plan a rerun.", starting.plan_rerun, Planned, RerunForm),
    _act(f"{_RUN}/hold", "hold", "Let steps begin no attempt until they are released.", acting.hold, HoldForm),
    _act(f"{_RUN}/release", "release", "Let held steps begin again.", acting.release, ReleaseForm),
    _act(f"{_RUN}/cancel", "cancel", "Cancel a run, or steps, and stop their jobs.", acting.cancel, CancelForm),
    _act(f"{_STEP}/retry", "retry", "Try a step again that needs attention.", acting.retry, RetryForm),
    _act(f"{_STEP}/mark", "mark", "Decide how a step ends.", acting.mark, AnyMarkForm),
    _act(f"{_RUN}/set", "set_limits", "Set limits of a map, or of a run.", acting.set_limits, SetForm),
    _show("/audit", "audit", "Find jobs that still run though no run waits for them.", auditing.audit, Audited),
    _STOP,
    _show("/records/runs", "read_runs", "List runs as they are stored.", records.runs, StoredRuns, RunsQuery),
    _show("/records/ids", "read_ids", "List ids and keys of runs.", records.ids, Ids, IdsQuery),
    _show("/records/runs/{run}", "read_run", "Read a run as it is stored, by its id.", records.run_by_id, StoredRun),
    _show(_KEY, "read_key", "Read a run as it is stored, by its key.", records.run_by_key, StoredRun),
    _show(f"{_KEY}/view", "read_view", "Read the steps of a run as stored.", records.view, StoredView, ViewQuery),
    _show("/records/plans/{version}", "read_plan", "Read a plan as it is stored.", records.plan, StoredPlan),
)


def routes(acts: bool) -> tuple[Route, ...]:
    """Those of ``console``, or without ``acts`` those of ``console_view``."""
    return ROUTES if acts else tuple(route for route in ROUTES if not route.act)
