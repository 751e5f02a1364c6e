"""The list of runs that ``runs`` prints. Pure."""

from collections.abc import Sequence

from orchestrator.core.model import Run
from orchestrator.reporting.phrases import column, why
from orchestrator.reporting.times import clock, duration


def run_lines(runs: Sequence[tuple[Run, str]]) -> list[str]:
    """One line per run, given with its status: its id, status, start, duration, and why it failed."""
    width = column([run.id for run, _ in runs], 100)
    found = []
    for run, word in runs:
        took = duration(run.ended_at - run.started_at) if run.ended_at is not None else ""
        rerun = f"rerun of {run.rerun_of}" if run.rerun_of else ""
        began = clock(run.started_at, "%Y-%m-%d %H:%M:%S")
        found.append(f"{run.id:{width}}  {word:11}  {began}  {took:8}  {_joined(rerun, why(run))}".rstrip())
    return found


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def left_out(shown: int, total: int, exact: bool) -> str:
    """A sentence if ``total`` is more than is ``shown``. ``exact``: whether there are no more than ``total``."""
    if total <= shown:
        return ""
    some = f"{shown:,} of {total:,} runs" if exact else f"the newest {shown:,} runs"
    return f"{some} are shown; show more with --limit N"
