"""The log files of attempts on this machine."""

from dataclasses import replace
from pathlib import Path

from orchestrator.reporting.found import Found
from orchestrator.reporting.summary import LISTED, told
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
