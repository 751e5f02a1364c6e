"""Loads all that is shown of a run: its plan, its steps, the runs inside it, and where kept steps ran."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestrator.core import kept_steps
from orchestrator.core.model import Run, RunStatus, Status
from orchestrator.core.names import parse_job_name, ref_in
from orchestrator.definition.reruns import newest_rerun
from orchestrator.engine.consistency import sure_doubts
from orchestrator.engine.runs_inside import child_key, nesting
from orchestrator.errors import UnreadableRecordError
from orchestrator.home import Home
from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.attempt_logs import with_logs
from orchestrator.operations.choose_store import flag_for, named_store, url_of
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import Tell, find_run, newest, unheard
from orchestrator.operations.find_step import way
from orchestrator.operations.places_in_line import with_standings
from orchestrator.operations.run_records import plan_of, standing
from orchestrator.ports import Reader, refuse
from orchestrator.reporting.found import INTERRUPTED, Found, Origin
from orchestrator.reporting.inside import may_tolerate, tolerated


def found_run(
    given: Path | None,
    name: str | None,
    url: Location = None,
    tell: Tell = unheard,
    *,
    outputs: bool = False,
    partly: bool = False,
) -> Found:
    """The run that a user calls ``name``, or the newest, in the store that ``--home`` or ``--store`` (url) names.

    ``tell``: as for ``find_run``. ``outputs``: also read the steps' outputs, which may be large. ``partly``: leave out
    records that cannot be read, instead of raising.
    """
    with named_store(given, url) as (home, store):
        run = find_run(store, name, tell) if name is not None else newest(store)
        found = load(home, store, run, url_of(url), outputs=outputs, partly=partly)
        return entered(store, found)


def load(
    home: Home | None,
    store: Reader,
    run: Run,
    url: StoreUrl | None = None,
    *,
    outputs: bool = False,
    partly: bool = False,
) -> Found:
    left_out: list[UnreadableRecordError] = []
    plan, view = plan_of(home, store, run), store.load_all(run.key, left_out.append if partly else refuse, outputs)
    view = with_standings(home, store, view)
    said = sure_doubts(store, run.key, plan, view) if run.status is RunStatus.RUNNING else {}
    abandoned = standing(home, run) == INTERRUPTED
    found = Found(home, run, plan, view, url, flag_for(home, url), tuple(said), tuple(map(str, left_out)), abandoned)
    found = with_inside(store, found, partly=partly)
    return with_logs(replace(found, origins=_origins(store, found), newest_rerun=_newest_rerun(store, found)))


def with_inside(store: Reader, found: Found, *, partly: bool = False) -> Found:
    """The same with the runs inside it that did not succeed, or not yet; and those of which failures were tolerated."""
    home, url = found.home, found.url
    found = _with_counts(store, found)
    inside = {node: load(home, store, child, url, partly=partly) for node, child in _unsuccessful(store, found)}
    return replace(found, inside=inside)


def _newest_rerun(store: Reader, found: Found) -> tuple[Run, str] | None:
    """Only of a run that has ended badly: of others, nobody asks, and each look costs a read."""
    if found.run.status not in (RunStatus.FAILED, RunStatus.CANCELLED) or found.run.parent is not None:
        return None
    newest = newest_rerun(store, found.run)
    return None if newest is None else (newest, standing(found.home, newest))


def _unsuccessful(store: Reader, found: Found) -> Iterator[tuple[int, Run]]:
    """The steps that are runs and did not succeed, or not yet, or tolerated failures, with these runs."""
    for node in nesting(found.plan):
        state = found.view.state(node)
        wanted = state.status is not Status.SUCCEEDED or tolerated(found.plan.steps[node], state)
        key = child_key(state) if wanted else None
        if key is not None and (child := store.get_run(key)) is not None:
            yield node, child


def _with_counts(store: Reader, found: Found) -> Found:
    """The same with the outputs of the steps that may have tolerated failures: these tell how many there were."""
    steps = found.plan.steps
    nodes = [n for n in nesting(found.plan) if may_tolerate(steps[n], found.view.state(n))]
    if not nodes:
        return found
    states = {**found.view.states, **store.load(found.run.key, nodes, ()).states}
    return replace(found, view=replace(found.view, states=states))


def entered(store: Reader, found: Found) -> Found:
    """The same with the way to it, if it is a run inside another."""
    found = replace(found, way="/".join(way(store, partial(plan_of, found.home, store), found.run)))
    return replace(found, again=_again(store, found))


def _again(store: Reader, found: Found) -> str:
    """`` --from per-file/17``, of a run with failed items inside a step that succeeded: a rerun would keep that step.

    The first of the failed items is enough: the others run again with it.
    """
    run = found.run
    bad = [node for node in found.steps if found.view.state(node).status in (Status.FAILED, Status.CANCELLED)]
    if run.parent is None or run.mapped is None or run.status is not RunStatus.FAILED or not bad:
        return ""
    ref = ref_in(run.parent)
    if store.load(ref.run, (ref.node,), ()).state(ref.node).status is not Status.SUCCEEDED:
        return ""
    return f" --from {found.way}/{bad[0]}"


def _origins(store: Reader, found: Found) -> dict[int, Origin]:
    """Where each kept step of a rerun was run that was tried: its job's name tells."""
    origins: dict[int, Origin] = {}
    ids: dict[str, str] = {}
    for node in kept_steps.statuses(found.run.kept):
        name = found.view.state(node).job_name
        ref = parse_job_name(name) if name is not None else None
        if ref is None:
            continue
        if ref.run not in ids:
            there = store.get_run(ref.run)
            ids[ref.run] = there.id if there is not None else ""
        if ids[ref.run]:
            origins[node] = Origin(ids[ref.run], ref.node)
    return origins
