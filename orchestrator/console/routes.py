"""Every route of the console. A new one is a function, its form and its answer, and an entry here."""

from orchestrator.console import acting, reading
from orchestrator.console.answers import Acted, RunNow, Runs, StepExplained, Story
from orchestrator.console.exchange import Handle, Model, Route
from orchestrator.console.forms import (
    AnyMarkForm,
    CancelForm,
    HoldForm,
    NoQuery,
    ReleaseForm,
    RetryForm,
    RunQuery,
    RunsQuery,
    StoryQuery,
)


def _show(path: str, name: str, summary: str, handle: Handle, answer: Model, query: Model = NoQuery) -> Route:
    return Route("GET", path, name, summary, handle, answer, query)


def _act(path: str, name: str, summary: str, handle: Handle, body: Model) -> Route:
    return Route("POST", path, name, summary, handle, Acted, NoQuery, body, act=True, refusals=(409,))


_RUN, _STEP = "/runs/{run}", "/runs/{run}/steps/{step}"

ROUTES = (
    _show("/runs", "list_runs", "List runs, the newest first.", reading.list_runs, Runs, RunsQuery),
    _show(_RUN, "get_run", "Show a run and its steps.", reading.get_run, RunNow, RunQuery),
    _show(f"{_RUN}/story", "get_story", "Tell what happened in a run.", reading.get_story, Story, StoryQuery),
    _show(_STEP, "get_step", "Show a step, and explain its status.", reading.get_step, StepExplained),
    _act(f"{_RUN}/hold", "hold", "Let steps begin no attempt until they are released.", acting.hold, HoldForm),
    _act(f"{_RUN}/release", "release", "Let held steps begin again.", acting.release, ReleaseForm),
    _act(f"{_RUN}/cancel", "cancel", "Cancel a run, or steps, and stop their jobs.", acting.cancel, CancelForm),
    _act(f"{_STEP}/retry", "retry", "Try a step again that needs attention.", acting.retry, RetryForm),
    _act(f"{_STEP}/mark", "mark", "Decide how a step ends.", acting.mark, AnyMarkForm),
)


def routes(acts: bool) -> tuple[Route, ...]:
    """Those of ``console``, or without ``acts`` those of ``console_view``."""
    return ROUTES if acts else tuple(route for route in ROUTES if not route.act)
