"""The log files of attempts on this machine."""

from dataclasses import replace
from pathlib import Path

from orchestrator.core.kinds import kind_of
from orchestrator.engine.runs_inside import child_key
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import has_no_run, how_to_name, told
from orchestrator.reporting.phrases import status_word
from orchestrator.reporting.summary import LISTED
from orchestrator.system.files import short


def log_path(found: Found, node: int, attempt: int | None = None) -> Path | None:
    """The log of an attempt, by default the newest; None if it wrote nothing, or not on this machine."""
    number = found.view.state(node).attempt if attempt is None else attempt
    if found.home is None:
        return None
    place = found.place(node)
    path = found.home.attempt(place.run_id, place.node, found.plan.steps[node].name, number) / "log"
    return path if path.is_file() and path.stat().st_size else None


def with_logs(found: Found) -> Found:
    """The same with the paths of the logs that a summary of the run names."""
    paths = {node: log_path(found, node) for node in told(found)[:LISTED]}
    return replace(found, logs={node: short(path) for node, path in paths.items() if path is not None})


def deleted(found: Found, node: int, attempt: int | None) -> str | None:
    """A sentence if the log of an attempt has been deleted. The log of a command always exists, even if it is empty."""
    step, state = found.plan.steps[node], found.view.state(node)
    number = attempt or state.attempt
    if found.home is None or not number or state.job is None:
        return None
    place = found.place(node)
    whole = found.home.run(place.run_id)
    log = found.home.attempt(place.run_id, place.node, step.name, number) / "log"
    if whole.is_dir() and (log.exists() or not kind_of(step.local or step.work).always_logs):
        return None
    gone = log if whole.is_dir() else whole
    return f"the log of step '{step.name}', attempt {number}, is missing: {short(gone)} has been deleted"


def only_inside(found: Found, node: int) -> str:
    """What to name instead of a step that is a run, as its logs are those of the steps inside; empty if it is none."""
    step = found.plan.steps[node]
    if not kind_of(step.work).runs or child_key(found.view.state(node)) is None:
        return ""
    what = "does its work for each item of a list" if kind_of(step.work).maps else "is a run of another graph"
    return f"step '{step.name}' {what}: {how_to_name(step)}"


def no_log(found: Found, node: int, attempt: int | None) -> str:
    """Why there is no log."""
    step, state = found.plan.steps[node], found.view.state(node)
    if not state.attempt:
        return f"step '{step.name}' has not run: its status is {status_word(state.status)}"
    if kind_of(step.work).runs:
        return f"step '{step.name}' {has_no_run(state)}"
    return f"step '{step.name}' wrote nothing in attempt {attempt or state.attempt}"
