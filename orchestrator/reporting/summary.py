"""The summary of a run: how it ended, what failed and why, and where the logs are. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.model import MARKED, OPERATOR, Run, RunStatus, Status, StepState, Stop
from orchestrator.core.plan import FailsOn, Role
from orchestrator.core.steps import Step
from orchestrator.reporting.deadlines import deadline_note, deadline_said
from orchestrator.reporting.found import INTERRUPTED, Found
from orchestrator.reporting.inside import told, told_inside, tolerated
from orchestrator.reporting.phrases import (
    classed,
    counted,
    listed,
    not_retried,
    said_of,
    status_word,
    stopped,
    tally,
    threaded,
)
from orchestrator.reporting.times import clock, duration
from orchestrator.reporting.upstream import BROKEN, names, root_causes
from orchestrator.system.terminal import one_line, shown

#: How many failed steps are listed one by one.
LISTED = 10

#: How many steps, or items, that failed inside a step are listed below it.
_INSIDE = 3

_STYLES = {
    RunStatus.SUCCEEDED: "bold green",
    RunStatus.FAILED: "bold red",
    RunStatus.CANCELLED: "bold magenta",
    RunStatus.RUNNING: "bold yellow",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its style. ``whole``: users copy it, so it must not be wrapped."""

    text: str
    style: str = ""
    whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", shown(self.text))


def summary(found: Found, now: float) -> Iterator[Line]:
    """How a run ended, or how far this process has brought it."""
    run = found.run
    word = INTERRUPTED if run.status is RunStatus.RUNNING else str(run.status)
    took = duration((now if run.ended_at is None else run.ended_at) - run.started_at)
    counts = Counter(found.view.state(node).status for node in range(len(found.plan.steps)))
    lost = interrupted(found) if run.status is RunStatus.RUNNING else 0
    kept = sum(node.role is Role.KEPT for node in found.plan.nodes[: len(found.plan.steps)])
    of_them = f" ({kept:,} kept from {run.rerun_of})" if kept else ""
    yield Line(f"{word} after {took}: {tally(counts, lost)}{of_them}", _STYLES[run.status])
    end = found.view.state(found.plan.end)
    if deadline_note(end):
        said = deadline_said(run, found.plan, end, found.plan.end, now)
        yield Line(f"the run {said.removeprefix('it ')}", "yellow")
    yield from failures(found)
    yield from although(found)


def interrupted(found: Found) -> int:
    """How many steps are recorded as running, but were threads of the process that drove the run."""
    return sum(
        state.status is Status.RUNNING and threaded(found.plan.steps[node], state)
        for node in found.steps
        for state in [found.view.state(node)]
    )


def although(found: Found) -> Iterator[Line]:
    """Which items failed of a step that tolerated it; and why a run counts as succeeded although a step failed."""
    plan = found.plan
    for node in found.steps:
        if said := tolerated(plan.steps[node], found.view.state(node)):
            yield Line(f"{plan.steps[node].name} succeeded: {said}", "yellow")
            yield from failures_inside(found, node, found.run.id)
    bad = [step.name for node, step in enumerate(plan.steps) if found.view.state(node).status in BROKEN]
    if found.run.status is not RunStatus.SUCCEEDED or not bad:
        return
    last = listed([plan.steps[node].name for node in sorted(plan.deciders)], 4)
    why = f"although {listed(bad, 4)} did not succeed (allow_failure or teardown)"
    if plan.fails_on is FailsOn.LEAVES and last:
        why = f"because none of its last steps failed (fails_on: leaves): {last}"
    yield Line(f"the run counts as succeeded {why}")


def ended_before(found: Found) -> Line:
    """That a run which is to be continued has already ended."""
    run = found.run
    at = f" at {clock(run.ended_at, '%Y-%m-%d %H:%M:%S')}" if run.ended_at is not None else ""
    left = "there is nothing left to do"
    if run.status is not RunStatus.SUCCEEDED:
        left = f"run again what did not succeed with '{found.rerun}'"
    if found.newest_rerun is not None:
        left = f"it was rerun as {_rerun(found, *found.newest_rerun)}"
    return Line(f"run {run.id} ended{at}: {left}", "yellow")


def failures(found: Found, listed_above: bool = False) -> Iterator[Line]:
    """Who cancelled the run; and each step that failed or whose job was stopped, with its error and its log.

    ``listed_above``: the steps have been listed already, so if there are many, one line says how to learn more.
    """
    if found.run.stop is not None:
        yield Line(f"the run was cancelled {stopped(found.run.stop)}", "magenta")
    failed = told(found)
    if listed_above and len(failed) > LISTED:
        more = f"orchestrator explain {found.run.id} STEP{found.flag}"
        yield Line(f"{counted(len(failed), 'step')} failed or were stopped: {more}", "red")
        return
    for node in failed[:LISTED]:
        yield from _failure(found, node, found.plan.steps[node].name)
        yield from failures_inside(found, node, found.run.id)
    if len(failed) > LISTED:
        more = counted(len(failed) - LISTED, "more such step")
        yield Line(f"and {more}: orchestrator status {found.run.id}{found.flag}", "red")


def failures_inside(found: Found, node: int, run: str) -> Iterator[Line]:
    """What failed inside a step that is a run, with the errors and the logs. ``run``: how commands name ``found``."""
    bad = list(told_inside(found, node))
    for name, inner, number in bad[:_INSIDE]:
        yield from _failure(inner, number, name, "  ")
    if len(bad) > _INSIDE:
        yield Line(f"  and {len(bad) - _INSIDE:,} more: orchestrator logs {run}{found.flag}", "red")


def _failure(found: Found, node: int, name: str, indent: str = "") -> Iterator[Line]:
    """A step that failed, why, and where its log is."""
    step, state = found.plan.steps[node], found.view.state(node)
    style = "magenta" if state.status is Status.CANCELLED else "red"
    allowed = "" if step.counts or step.name in found.run.failed else ", which does not fail the run"
    retried = f"; {why}" if (why := not_retried(step, state)) else ""
    word = f"{name} {status_word(state.status)}{after_attempts(state)}{classed(state)}{allowed}"
    yield Line(f"{indent}{word}: {one_line(_why(found, node))}{retried}", style)
    if node in found.logs:
        yield Line(f"{indent}  log  {found.logs[node]}", whole=True)


def _why(found: Found, node: int) -> str:
    state = found.view.state(node)
    if state.status is not Status.UPSTREAM_FAILED:
        return reason(found.plan.steps[node], state, found.run.stop)
    return f"because of {listed(names(found.plan, root_causes(found.plan, found.view.states, node)))}"


def reason(step: Step, state: StepState, known: Stop | None) -> str:
    """Why an attempt did not succeed. ``known``: who cancelled the run, which is not repeated."""
    if state.cause == MARKED and state.stop is not None:
        return f"marked {stopped(state.stop)}" + (f"; {state.error}" if state.error else "")
    if state.cause != OPERATOR or state.stop is None:
        return said_of(step, state) or "no reason given"
    said = state.error or ("its job was stopped" if state.attempt else "it had not started")
    return said if state.stop == known else f"{stopped(state.stop)}; {said}"


def after_attempts(state: StepState) -> str:
    """`` after 3 attempts``, without interrupted ones; empty if there was only one."""
    made = state.attempt - state.interruptions
    return f" after {made} attempts" if made > 1 else ""


def how_to_rerun(found: Found) -> Iterator[Line]:
    """The command that runs again what did not succeed in a run that has ended; or its newest rerun, if it has one."""
    if found.newest_rerun is not None:
        yield Line(f"rerun     {_rerun(found, *found.newest_rerun)}", "bold", whole=True)
    elif found.run.status in (RunStatus.FAILED, RunStatus.CANCELLED):
        yield Line(f"rerun     {found.rerun}", "bold", whole=True)


def _rerun(found: Found, newest: Run, word: str) -> str:
    """A rerun, how it stands, and the command that is of use now."""
    match newest.status:
        case RunStatus.SUCCEEDED:
            return f"{newest.id}, which succeeded"
        case RunStatus.RUNNING if word == INTERRUPTED:
            return f"{newest.id}, which was interrupted: {found.resume_of(newest.id)}"
        case RunStatus.RUNNING:
            return f"{newest.id}, which is running: orchestrator status {newest.id}{found.flag}"
        case RunStatus.FAILED | RunStatus.CANCELLED:
            return (
                f"{newest.id}, which {'failed' if word == 'failed' else 'was cancelled'}: {found.rerun_of(newest.id)}"
            )


def how_to_continue(found: Found) -> Line:
    """The command that continues an interrupted run."""
    return Line(f"continue  {found.resume}", "bold", whole=True)


def abandoned(found: Found) -> str:
    """How to continue a run that no process drives, or to complete its cancellation."""
    if found.run.stop is not None:
        command = f"orchestrator cancel {found.run.id}{found.flag}"
        return f"no process drives this run, which was cancelled: complete that with '{command}'"
    return f"no process drives this run: continue it with '{found.resume}'"
