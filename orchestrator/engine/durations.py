"""How long the steps of a graph with deadlines took in earlier runs of it. That is read once, when a run starts."""

from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from orchestrator.core.deadlines import written
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Plan
from orchestrator.core.run_filter import RunFilter
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import NotFoundError, UnreadableRecordError

#: How many earlier runs are read.
EARLIER = 5

_ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED})


def with_durations(ledger: Ledger, run: Run, plan: Plan) -> Run:
    """A new run, with how long each step typically takes: the median of earlier runs in which it succeeded."""
    if not plan.deadlines or run.typical:
        return run
    took: dict[str, list[float]] = {}
    for earlier in _earlier(ledger, run):
        try:
            names = ledger.with_plan(earlier).plan.steps
            states = ledger.store.load_all(earlier.key, unreadable=lambda _: None, outputs=False).states
        except (NotFoundError, UnreadableRecordError):  # an old run says nothing then
            continue
        for number, step in enumerate(names):
            if number in states and (seconds := _took(states[number])) is not None:
                took.setdefault(step.name, []).append(seconds)
    return replace(run, typical=written(median(took[step.name]) if step.name in took else None for step in plan.steps))


def _took(state: StepState) -> float | None:
    """How long a step took that succeeded; one that was skipped took no time."""
    if state.status is Status.SKIPPED:
        return 0.0
    if state.status is not Status.SUCCEEDED or state.started_at is None or state.ended_at is None:
        return None
    return state.ended_at - state.started_at


def _earlier(ledger: Ledger, run: Run) -> Iterator[Run]:
    """Earlier runs of the graph, the newest first; of a step's job, those that were the job of that step earlier."""
    store = ledger.store
    if run.parent is None:
        wanted = RunFilter(graph=run.graph, statuses=_ENDED)
        yield from store.list_runs(EARLIER, lambda _: None, wanted)
        return
    parent = ref_in(run.parent)
    outer = ledger.known(parent.run)
    for earlier in _earlier(ledger, outer.run):
        try:
            number = ledger.with_plan(earlier).plan.numbers.get(outer.plan.steps[parent.node].name)
            job = None if number is None else store.load(earlier.key, (number,), ()).state(number).job
            found = store.get_run(job) if job is not None else None
        except (NotFoundError, UnreadableRecordError):
            continue
        if found is not None and found.status in _ENDED and found.graph == run.graph:
            yield found
