"""Looks at a run again and again until it has ended, without taking part in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from orchestrator.core.model import PENDING, Run, RunStatus, Status, StepState, View
from orchestrator.core.plan import Plan
from orchestrator.engine.ledger import waits_to_begin
from orchestrator.errors import NotFoundError, StoreError, UnreadableRecordError
from orchestrator.home import Home
from orchestrator.operations.choose_store import named_store
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import Tell
from orchestrator.operations.load_run import load
from orchestrator.operations.places_in_line import end_in_line
from orchestrator.ports import Reader
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import may_tolerate
from orchestrator.reporting.upstream import predecessors

#: Seconds between two looks at a run on this machine, and in the cloud, where every look costs a few reads.
HERE, CLOUD = 0.5, 5.0

#: After how many looks in a row that failed the error is raised.
_FAILURES = 60


def looks(
    found: Found,
    given: Path | None,
    url: Location,
    pause: Callable[[float], None],
    tell: Tell,
    *,
    outputs: bool = False,
) -> Iterator[Found]:
    """The run as it is after every ``pause``, until it has ended, or no process on this machine drives it.

    ``given`` and ``url``: what ``--home`` and ``--store`` named. At the end the run is read whole, with its ``outputs``
    if they are wanted. ``tell`` gets a sentence when the store begins to fail; if it goes on, StoreError is raised.
    """
    failures = 0
    with ExitStack() as stack:
        far = stack.enter_context(named_store(given, url)) if found.home is None else None
        while not _over(found):
            pause(HERE if far is None else CLOUD)
            try:
                with ExitStack() as look:  # a home is opened each time: read-only, it may show what it was when opened
                    place, store = far or look.enter_context(named_store(given, url))
                    found = _look(found, place, store, outputs)
            except StoreError as error:
                failures += 1
                if failures >= _FAILURES:
                    raise
                if failures == 1:
                    tell(f"the run cannot be read now, and will be read again: {error}")
                continue
            failures = 0
            yield found


def _over(found: Found) -> bool:
    return found.run.status is not RunStatus.RUNNING or found.abandoned


def _look(found: Found, place: Home | None, store: Reader, outputs: bool) -> Found:
    run = _run(found, store)
    driven = place is None or place.driven(run.top)
    if not driven:
        run = _run(found, store)  # its driver may have ended it, and itself, in between
    if run.status is not RunStatus.RUNNING or not driven:
        return load(place, store, run, found.url, outputs=outputs, partly=True)
    try:
        view = _news(store, found.plan, run, found.view)
        end = found.plan.end
        if view.state(end).waits is not None:
            known = end_in_line(place, store, found.plan, view.state(end))
            view = replace(view, states={**view.states, end: known})
        return replace(found, run=run, view=view)
    except UnreadableRecordError:
        return load(place, store, run, found.url, partly=True)


def _run(found: Found, store: Reader) -> Run:
    run = store.get_run(found.run.key)
    if run is None:
        raise NotFoundError(f"run '{found.run.id}' has been deleted meanwhile")
    return run


def _news(store: Reader, plan: Plan, run: Run, view: View) -> View:
    """The view with what has changed. Only steps that may have changed are read, as each is a read that is billed."""
    states, asked = dict(view.states), set(view.unreadable)
    while wanted := [node for node in _open(run, plan, states) if node not in asked]:
        asked.update(wanted)
        found = store.load(run.key, wanted, ()).states
        states |= {
            node: state if node < len(plan.steps) and may_tolerate(plan.steps[node], state) else state.without_outputs()
            for node, state in found.items()
        }
    return replace(view, states=states)


def _open(run: Run, plan: Plan, states: dict[int, StepState]) -> Iterator[int]:
    """The steps that may change next: those that have begun, and those behind a step that has ended, or behind none.

    And the node at the run's end, if what is told of the run's own deadline may change there, or the run may have to
    wait for its beginning.
    """
    end = states.get(plan.end, PENDING)
    if (plan.end in plan.deadlines and end.missed_at is None) or waits_to_begin(run, end):
        yield plan.end
    ended = {node for node, state in states.items() if state.status.final}
    for node in range(len(plan.steps)):
        state = states.get(node)
        if node in ended and not (state is not None and state.live):
            continue
        begun = state is not None and state.status is not Status.PENDING
        before = predecessors(plan, node)
        if begun or not before or not ended.isdisjoint(before):
            yield node
