"""Everything that is known to have happened in a run, in order: attempts, ends, and what people did. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.core.model import MARKED, OPERATOR, Run, RunStatus, Status, StepState, View
from orchestrator.core.past_attempts import Past
from orchestrator.core.plan import Plan, Role
from orchestrator.core.pools import run_with
from orchestrator.core.retries import QUOTA, no_quota
from orchestrator.core.steps import Step
from orchestrator.reporting.inside import tolerated
from orchestrator.reporting.phrases import column, counted, status_word
from orchestrator.reporting.times import clock, duration, iso, with_clock
from orchestrator.system.terminal import one_line

#: When a process was killed, nobody notes it: what is known is when it last recorded something.
_KILLED = "the last that is known of the process that drove the run: it was killed, or crashed"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at ``at``, seconds since the epoch, to a step, or to the run (``step`` is empty).

    ``by`` and ``why``: who did it, and for what reason, if a person did. ``error``: why an attempt did not succeed, or
    what failed that it tolerated.
    """

    at: float
    step: str
    what: str
    by: str = ""
    why: str = ""
    error: str = ""


def story(run: Run, plan: Plan, view: View, nodes: Iterable[int]) -> list[Happening]:
    """What happened to the run and to its steps ``nodes``, the earliest first; at one moment, what people did first.

    What a rerun keeps happened in an earlier run: of several steps, these are only counted.
    """
    nodes = list(nodes)
    kept = [node for node in nodes if plan.nodes[node].role is Role.KEPT] if len(nodes) > 1 else []
    end = view.state(plan.end)
    found = [*_of_run(run, len(kept)), *_of_line(end), *_of_deadline("", end), *_of_acts("", end)]
    for node in sorted(set(nodes).difference(kept)):
        state, name = view.state(node), plan.steps[node].name
        found += _of_deadline(name, state)
        found += _of_people(name, state, run)
        found += _of_attempts(name, state)
        found += _of_end(plan.steps[node], state)
    if run.status is not RunStatus.RUNNING and run.ended_at is not None:
        found.append(Happening(run.ended_at, "", f"run {run.status}"))
    return sorted(found, key=lambda one: (one.at, one.what == _KILLED))


def _of_run(run: Run, kept: int) -> Iterator[Happening]:
    """Its beginning, and who cancelled it. ``kept``: how many steps it keeps."""
    yield Happening(run.started_at, "", "run started")
    if kept:
        yield Happening(run.started_at, "", f"{counted(kept, 'step')} kept from {run.rerun_of}")
    for act in run.drives:
        yield Happening(act.at, "", _KILLED if act.what == "killed" else act.what, act.by, act.why)
    if run.stop is not None:
        yield Happening(run.stop.at, "", "cancelled", run.stop.by, run.stop.why)


def _of_line(end: StepState) -> Iterator[Happening]:
    """That the run waited in line to begin, and began then. ``end``: the state of its end, which has its place."""
    lines = {queued.attempt: queued.since for queued in end.queued}
    for since in lines.values():
        yield Happening(since, "", "waits in line to begin, by max_active_runs of its graph")
    for past in (*end.past, Past(end.attempt, end.claimed_at)):
        if past.ended_at is not None:
            yield Happening(past.ended_at, "", "gave up its place among the active runs: no process drove it")
        if past.claimed_at is not None and past.attempt in lines:
            yield Happening(
                past.claimed_at, "", f"begins, after {duration(past.claimed_at - lines[past.attempt])} in line"
            )


def _of_deadline(name: str, state: StepState) -> Iterator[Happening]:
    """What was noted of the deadline of a step or, in the state of its end, of the run."""
    if state.endangered_at is not None and state.forecast is not None:
        when = clock(state.forecast, "%Y-%m-%d %H:%M:%S")
        yield Happening(state.endangered_at, name, f"expected to be late: to end at {when}, after its deadline")
    if state.missed_at is not None:
        yield Happening(state.missed_at, name, "late: its deadline has passed")


def _of_attempts(name: str, state: StepState) -> Iterator[Happening]:
    """The beginnings of all attempts, and the ends of all but the last."""
    lines = {queued.attempt: queued.since for queued in reversed(state.queued)}  # since it joined the first of them
    for queued in state.queued:
        yield Happening(queued.since, name, f"attempt {queued.attempt} waits in line {_for_what(queued.pool)}")
    for past in state.past:
        yield from _begins(name, past, lines.get(past.attempt))
        if past.ended_at is not None:
            lost = past.error is None and past.cause is None
            ended = "found no quota" if past.cause == QUOTA and past.job is None else "failed"
            what = f"attempt {past.attempt} {'interrupted' if lost else ended}"
            yield Happening(past.ended_at, name, what, error=past.error or past.cause or "")
    now = Past(state.attempt, state.claimed_at, state.started_at, job=state.job)
    yield from _begins(name, now, lines.get(state.attempt))


def _for_what(pool: str) -> str:
    return "by max_parallel of its run" if run_with(pool) is not None else f"for a place in the pool {pool}"


def _begins(name: str, past: Past, since: float | None) -> Iterator[Happening]:
    """``since``: when it joined the line, if it stood in one."""
    if past.claimed_at is not None:
        stood = f", after {duration(past.claimed_at - since)} in line" if since is not None else ""
        yield Happening(past.claimed_at, name, f"attempt {past.attempt} launched{stood}")
    if past.started_at is not None and past.job is not None and past.started_at != past.claimed_at:
        yield Happening(past.started_at, name, f"attempt {past.attempt} running")


def _of_people(name: str, state: StepState, run: Run) -> Iterator[Happening]:
    """What people did to the step itself. A cancellation of the run is told once."""
    yield from _of_acts(name, state)
    if state.stop is not None and state.stop.mark is None and state.stop != run.stop:
        yield Happening(state.stop.at, name, "cancelled", state.stop.by, state.stop.why)


def _of_acts(name: str, state: StepState) -> Iterator[Happening]:
    """What people requested for a step or, in the state of its end, for the run."""
    for act in state.control.acts if state.control is not None else ():
        yield Happening(act.at, name, act.what, act.by, act.why)


def _of_end(step: Step, state: StepState) -> Iterator[Happening]:
    """How the last attempt ended, or the step."""
    if state.ended_at is None:
        return
    said = status_word(state.status)
    if state.status is Status.UP_FOR_RETRY:
        lost = state.error is None and state.cause is None
        ended = "found no quota" if no_quota(state) else "failed"
        said = f"attempt {state.attempt} {'interrupted' if lost else ended}"
    decided = state.cause in (OPERATOR, MARKED)
    error = (
        tolerated(step, state)
        or state.error
        or ("" if decided or state.status is Status.SUCCEEDED else state.cause or "")
    )
    yield Happening(state.ended_at, step.name, said, error=error)


def story_lines(happenings: Iterable[Happening]) -> Iterator[str]:
    """``2026-11-28 12:03:04  report  held by ann: the input is late``."""
    told = list(happenings)
    width = column([one.step or "-" for one in told], 40)
    for one in told:
        by = f" by {one.by}" if one.by else ""
        rest = "".join(f": {one_line(text)}" for text in (one.why, with_clock(one.error)) if text)
        yield f"{clock(one.at, '%Y-%m-%d %H:%M:%S')}  {one.step or '-':{width}}  {one.what}{by}{rest}"


def story_json(happening: Happening) -> dict[str, Any]:
    """The same for programs: what is not known, or does not apply, is null."""
    return {
        "at": iso(happening.at),
        "step": happening.step or None,
        "what": happening.what,
        "by": happening.by or None,
        "why": happening.why or None,
        "error": happening.error or None,
    }
