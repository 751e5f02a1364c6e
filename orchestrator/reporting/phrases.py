"""The words, signs and colours in which a run is told. It decides nothing."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.core.machine import OPERATOR
from orchestrator.core.model import Run, RunStatus, Status, StepState, Stop
from orchestrator.core.steps import Step
from orchestrator.reporting.words import duration, status_word
from orchestrator.system.terminal import one_line


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks: one sign, the same in ASCII, and a style of rich's."""

    sign: str
    ascii: str
    style: str


LOOKS = {
    Status.SUCCEEDED: Look("✓", "+", "green"),
    Status.FAILED: Look("✗", "x", "bold red"),
    Status.UPSTREAM_FAILED: Look("⊘", "!", "red"),
    Status.CANCELLED: Look("■", "#", "magenta"),
    Status.SKIPPED: Look("»", "-", "bright_black"),
    Status.RUNNING: Look("●", "*", "bold cyan"),
    Status.LAUNCHING: Look("◌", "o", "cyan"),
    Status.UP_FOR_RETRY: Look("↻", "~", "yellow"),
    Status.PENDING: Look("·", ".", "bright_black"),
}

#: Classes of failures that say more than the error, and what they mean for another attempt. By a state's ``cause``.
CLASSES = {
    "launcher": "the program that builds the pipeline failed",
    "parameters": "another attempt would fail the same way: fix the job's parameters first",
    "permission": "another attempt would fail the same way: grant or enable what is missing first",
    "quota": "the quota is used up: the next attempt waits at least 5 minutes, for some to become free",
    "stockout": "the zone or region had no machines left: the next attempt waits at least 10 minutes",
    "memory": "the workers had too little memory",
    "user_code": "the pipeline's own code failed",
}

#: The order in which statuses are counted: what ended, what is going on, what is still to come.
ORDER = tuple(LOOKS)


def tally(counts: Mapping[Status, int]) -> str:
    """``5 succeeded, 1 failed, 2 pending``."""
    return ", ".join(f"{counts[status]:,} {status_word(status)}" for status in ORDER if counts.get(status))


def counted(number: int, thing: str) -> str:
    """``1 step``, ``1,200 steps``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def listed(items: Iterable[str], most: int = 5) -> str:
    """``a, b and c``; where there are more than ``most``, ``a, b and 12 more``."""
    words = list(items)
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1:,} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def said_of(step: Step, state: StepState) -> str:
    """Why the newest attempt did not succeed, next to the step's name, which the error may begin with."""
    return (state.error or "").removeprefix(f"step '{step.name}': ") or state.cause or ""


def not_retried(step: Step, state: StepState) -> str:
    """Why a step that failed has made fewer attempts than its ``retry`` allows; nothing if it has made them all."""
    fewer = 0 < state.attempt - state.interruptions < step.retry.attempts
    given_up = state.stop is not None or state.cause == "interrupted"
    if state.status is not Status.FAILED or not fewer or given_up:
        return ""
    return "not retried: another attempt would fail the same way"


def classed(state: StepState) -> str:
    """`` (permission)``: the class of a failure, where it says more than the error."""
    return f" ({state.cause})" if state.cause in CLASSES else ""


def until_ready(step: Step) -> bool:
    """Whether the step waits for its job to be ready, not for its end: then when a look will pay is not its end."""
    return bool(step.work.spec.get("streaming"))


def lasted(state: StepState, now: float | None) -> str:
    """How long the newest attempt has been going, or took; nothing if it has not begun, or goes on with no ``now``."""
    end = now if state.ended_at is None else state.ended_at
    if state.started_at is None or end is None or state.status is Status.UP_FOR_RETRY:
        return ""
    return duration(end - state.started_at)


def iso(at: float | None) -> str | None:
    """A time for programs: ISO 8601, UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(at: float, form: str = "%H:%M:%S") -> str:
    """A time for people: by the clock on their wall."""
    return time.strftime(form, time.localtime(at))


def stopped(stop: Stop) -> str:
    """``by ann at 12:03:04: wrong input``."""
    by = f"by {stop.by} " if stop.by else ""
    return f"{by}at {clock(stop.at)}" + (f": {one_line(stop.why)}" if stop.why else "")


def why(run: Run) -> str:
    """Why a run did not succeed: ``orders (permission) and 2 more``, ``by ann at 12:03:04: wrong input``."""
    if run.failed:
        told = {OPERATOR: "cancelled", "upstream_failed": "never ran"}
        return listed(
            (f"{step} ({told.get(cause, cause)})" if cause else step for step, cause in run.failed.items()), 3
        )
    return stopped(run.stop) if run.status is RunStatus.CANCELLED and run.stop is not None else ""


def column(words: Sequence[str], most: int) -> int:
    """The width of a column that holds ``words``, up to ``most``."""
    return min(max(map(len, words), default=0), most)
