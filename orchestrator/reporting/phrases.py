"""The words in which runs, steps and attempts are described, for text and pictures. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.core.kinds import in_thread
from orchestrator.core.model import OPERATOR, Run, RunStatus, Status, StepState, Stop
from orchestrator.core.pools import Wait, graph_with, run_with
from orchestrator.core.steps import Step
from orchestrator.reporting.times import clock, with_clock
from orchestrator.system.terminal import one_line

#: What a class of failures (a state's ``cause``) means for another attempt, where it says more than the error.
CLASSES = {
    "launcher": "the program that builds the pipeline failed",
    "parameters": "another attempt would fail the same way: fix the job's parameters first",
    "permission": "another attempt would fail the same way: grant or enable what is missing first",
    "quota": "the quota is used up: the next attempt waits at least 5 minutes, for some to become free",
    "stockout": "the zone or region had no machines left: the next attempt waits at least 10 minutes",
    "memory": "the workers had too little memory",
    "user_code": "the pipeline's own code failed",
}

#: The order in which statuses are counted: what has ended, what is running, what is still to come.
ORDER = (
    Status.SUCCEEDED,
    Status.FAILED,
    Status.UPSTREAM_FAILED,
    Status.CANCELLED,
    Status.SKIPPED,
    Status.RUNNING,
    Status.LAUNCHING,
    Status.UP_FOR_RETRY,
    Status.NEEDS_ATTENTION,
    Status.PENDING,
)


def status_word(status: Status) -> str:
    """A status as a person says it: ``upstream failed``."""
    return status.value.replace("_", " ")


def attempt_of(step: Step, state: StepState, attempt: int) -> str:
    """``attempt 2 of 3``; ``attempt 2`` where there is no retry; ``attempt 2 (1 interrupted)``.

    An attempt that was interrupted does not count, so it comes on top of those that the graph allows.
    """
    forgiven = state.control.forgiven if state.control is not None else 0
    most = max(step.retry.attempts + state.interruptions + forgiven, attempt)
    total = f" of {most}" if step.retry.attempts > 1 else ""
    counts = (state.interruptions - state.quota, "interrupted"), (state.quota, "without quota")
    without = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    lost = f" ({without})" if without else ""
    return f"attempt {attempt}{total}{lost}"


def tally(counts: Mapping[Status, int], interrupted: int = 0) -> str:
    """``5 succeeded, 1 failed, 2 pending``. ``interrupted``: how many are recorded as running and do not run."""
    numbers = [(counts.get(status, 0), status_word(status)) for status in ORDER]
    at = ORDER.index(Status.RUNNING)
    numbers[at : at + 1] = [(counts.get(Status.RUNNING, 0) - interrupted, "running"), (interrupted, "interrupted")]
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number)


def waits_for(wait: Wait) -> str:
    """``waits for a place in the pool dataflow (20 of 20 taken, 7th in line: priority 5)``.

    Who has the places is named if they are few: ``1 of 1 taken by nightly/load``.
    """
    stands = f"one of {counted(wait.size, 'place')}"
    if wait.stands is not None:
        taken, before = wait.stands
        by = f" by {listed(wait.holders)}" if wait.holders else ""
        stands = f"{taken} of {wait.size} taken{by}, {_ordinal(before + 1)} in line"
    if (graph := graph_with(wait.pool)) is not None:
        return f"waits for a place among the active runs of graph {graph}, by max_active_runs ({stands})"
    where = f"in the pool {wait.pool}" if run_with(wait.pool) is None else "in its run, whose max_parallel is reached"
    return f"waits for a place {where} ({stands}: priority {wait.priority})"


def _ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number:,}{ending}"


def threaded(step: Step, state: StepState) -> bool:
    """Whether the attempt is a function in a thread: nothing can stop it, and it ends with the process that calls it.

    A ``local`` block that is one has a job that is called by its name, unlike a Dataflow job.
    """
    stands_in = step.local is not None and state.job == state.job_name
    return state.status.active and in_thread(step.local if stands_in and step.local is not None else step.work)


def counted(number: int, thing: str) -> str:
    """``1 step``, ``1,200 steps``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def size(number: float) -> str:
    """A number of bytes: ``512 bytes``, ``4.0 KB``, ``1.2 GB``, of 1,024 each."""
    if number < 1024:
        return f"{number:.0f} bytes"
    units = ("KB", "MB", "GB")
    power = min(int(number).bit_length() // 10 - (int(number).bit_length() % 10 == 0), len(units))
    return f"{number / 1024**power:,.1f} {units[power - 1]}"


def listed(items: Iterable[str], most: int = 5) -> str:
    """``a, b and c``; where there are more than ``most``, ``a, b and 12 more``."""
    words = list(items)
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1:,} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def said_of(step: Step, state: StepState) -> str:
    """Why the newest attempt did not succeed, without the step's name, with which the error may begin."""
    return with_clock((state.error or "").removeprefix(f"step '{step.name}': ")) or state.cause or ""


def not_retried(step: Step, state: StepState) -> str:
    """Why a failed step has had fewer attempts than its ``retry`` allows; empty if it has had them all."""
    fewer = 0 < state.attempt - state.interruptions < step.retry.attempts
    given_up = state.stop is not None or state.cause == "interrupted"
    if state.status is not Status.FAILED or not fewer or given_up:
        return ""
    return "not retried: another attempt would fail the same way"


def classed(state: StepState) -> str:
    """`` (permission)``: the class of a failure, if it says more than the error."""
    return f" ({state.cause})" if state.cause in CLASSES else ""


def until_ready(step: Step) -> bool:
    """Whether the step succeeds once its job is ready, not when it ends: then ``due`` is not its end."""
    return bool(step.work.spec.get("streaming"))


def stopped(stop: Stop) -> str:
    """``by ann at 12:03:04: wrong input``."""
    by = f"by {stop.by} " if stop.by else ""
    return f"{by}at {clock(stop.at)}" + (f": {one_line(stop.why)}" if stop.why else "")


def done_by(stop: Stop) -> str:
    """What was done to a step: ``cancelled``, ``marked succeeded``."""
    return "cancelled" if stop.mark is None else f"marked {stop.mark}"


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
