"""What ``status`` shows of a run besides its steps and failures. Pure."""

import json
import re
from collections.abc import Iterator, Sequence

from orchestrator.core.model import Run, RunStatus
from orchestrator.reporting.found import Found
from orchestrator.reporting.limits import limits_said
from orchestrator.reporting.phrases import waits_for
from orchestrator.reporting.rows import telling
from orchestrator.reporting.times import clock, duration
from orchestrator.reporting.upstream import by_depth
from orchestrator.reporting.watch import Watch
from orchestrator.text import cut

#: What stands before each contradiction in the records of a run.
CONTRADICTION = "the records contradict each other, so the sweep does not start the steps that depend on them"

#: Above this number of steps, all are shown only on request, otherwise ``_FEW``.
MANY, _FEW = 200, 40

#: How many characters of a param's value are shown.
MAX_VALUE = 200


def headline(found: Found, now: float) -> str:
    """``run x of graph y: failed after 3 s, started 2026-01-31 06:00:00``."""
    run = found.run
    since = clock(run.started_at, "%Y-%m-%d %H:%M:%S") + (f", rerun of {run.rerun_of}" if run.rerun_of else "")
    if found.abandoned:
        return f"run {run.id} of graph {run.graph}: {found.word}, started {since}, {duration(now - run.started_at)} ago"
    took = duration((now if run.ended_at is None else run.ended_at) - run.started_at)
    stands = "running for" if found.word == RunStatus.RUNNING else f"{found.word} after"
    end = found.view.state(found.plan.end)
    line = f"; it {waits_for(end.waits)}" if end.waits is not None else ""
    line += f"; {said}" if (said := limits_said(found.plan, found.plan.end, end)) else ""
    return f"run {run.id} of graph {run.graph}: {stands} {took}, started {since}{line}"


def param_lines(run: Run) -> Iterator[str]:
    """``date = "2026-01-31"``, long values cut; and the run's time zone if a param depends on it."""
    for name, value in run.params.items():
        yield f"{name} = {cut(json.dumps(value, ensure_ascii=False), MAX_VALUE)}"
    if any(map(_is_day, run.params.values())):
        yield f"time zone of the run: {run.time_zone}"


def shown_steps(found: Found, watch: Watch, everything: bool) -> Sequence[int]:
    """The steps to show, without those whose records cannot be read."""
    some = not everything and len(found.plan.steps) > MANY
    nodes = telling(watch, _FEW) if some else by_depth(found.plan)
    return [node for node in nodes if node not in found.view.unreadable]


def _is_day(value: object) -> bool:
    """Whether a param is a date or a time, which depend on the time zone."""
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) is not None
