"""Finds what a user names: homes, stores, runs (by id, its beginning, or graph) and steps. Suggests similar names."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial, reduce
from itertools import islice
from pathlib import Path

from orchestrator.cloud.settings import read_settings
from orchestrator.core import kept, mapped
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Run, RunStatus, Status, StepState, View
from orchestrator.core.names import parse_job_name, ref_in
from orchestrator.core.plan import Plan
from orchestrator.core.run_filter import RunFilter
from orchestrator.definition.reruns import newest_rerun
from orchestrator.engine.consistency import sure_doubts
from orchestrator.engine.inside import child_key, nesting
from orchestrator.errors import NotFoundError, StoreError, UnreadableRecordError, UsageError
from orchestrator.home import Home, default_home, existing_home
from orchestrator.home.store_url import StoreUrl, store_url
from orchestrator.local.wiring import open_store, reading
from orchestrator.operations.attempt_logs import with_logs
from orchestrator.operations.deployed_console import DeployedConsole, Location
from orchestrator.operations.find_step import find_step as find_step
from orchestrator.ports import Lines, Reader, Store, refuse
from orchestrator.reporting.found import INTERRUPTED, Found, Origin
from orchestrator.text import did_you_mean

#: Among how many of the newest runs the beginning of an id is searched. A whole id always finds its run.
MAX_RUNS = 10_000

#: Among how many of the newest runs those that cannot be read are listed if a run is not found.
_NEWEST = 50

#: How many runs are named if several fit.
_NAMED = 6

#: What the ids of reruns end with.
_ROUND = re.compile(r"\.[1-9][0-9]*$")

#: How many steps that have the places of a pool are named; if there are more, none is.
_HOLDERS = 3

#: Of how many steps that wait for a place it is said where they stand in line: that takes two queries each.
_STANDINGS = 20

_LIST = ": list the runs with 'orchestrator runs'"

#: Called with a sentence for the user.
Tell = Callable[[str], object]


def unheard(_: str) -> None:
    """Tells nobody."""


def choose_home(given: Path | None, start: Path) -> Home:
    """The home that is given, or set in the environment, or that of the repository that contains ``start``."""
    chosen = given or read_settings().home
    return Home(chosen) if chosen is not None else default_home(start)


def home_flag(home: Home) -> str:
    """What to add to a command that is run here so that it finds ``home``: nothing, or `` --home PATH``."""
    try:
        usual = choose_home(None, Path()).path.resolve() == home.path.resolve()
    except UsageError:  # another user's is there
        usual = False
    return "" if usual else f" --home {shlex.quote(str(home.path))}"


def flag_for(home: Home | None, url: StoreUrl | None) -> str:
    """What to add to a command that is run here so that it finds the runs of ``home``, or of the store at ``url``."""
    if home is not None:
        return home_flag(home)
    if url is not None and url.flag:
        return url.flag
    return f" --store {_quoted(url.text)}" if url is not None else ""


def url_of(place: Location) -> StoreUrl | None:
    """What ``place`` says of where the runs are; None: in a home."""
    return store_url(place) if isinstance(place, str) else place.url if place is not None else None


def _quoted(text: str) -> str:
    """In single quotes, since some shells interpret brackets; a single quote inside is quoted separately."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


@contextmanager
def named_store(given: Path | None, url: Location) -> Iterator[tuple[Home | None, Reader]]:
    """The store that ``--home`` or ``--store`` names, or that of the current folder, with its home, if any.

    For a deployment, what its console shows.
    """
    if isinstance(url, DeployedConsole):
        yield None, url.reader
        return
    if url is None:
        with store_of(given) as (home, near):
            yield home, near
        return
    if given is not None:
        raise UsageError("--home and --store both say where the runs are: give only one of them")
    named = store_url(url)
    with open_store(named) as store:
        yield Home(named.file.parent) if named.file is not None else None, store


@contextmanager
def store_of(given: Path | None) -> Iterator[tuple[Home, Store]]:
    """The home that is given, or that of the current folder, and its store. Raises NotFoundError if it has no runs."""
    home = existing_home(choose_home(given, Path()))
    with reading(home) as store:
        yield home, store


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
        return load(home, store, run, url_of(url), outputs=outputs, partly=partly)


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
    view = _with_standings(home, store, view)
    said = sure_doubts(store, run.key, plan, view) if run.status is RunStatus.RUNNING else {}
    abandoned = standing(home, run) == INTERRUPTED
    found = Found(home, run, plan, view, url, flag_for(home, url), tuple(said), tuple(map(str, left_out)), abandoned)
    inside = {node: load(home, store, child, url, partly=partly) for node, child in _unsuccessful(store, found)}
    return with_logs(
        replace(found, origins=_origins(store, found), newest_rerun=_newest_rerun(store, found), inside=inside)
    )


def _newest_rerun(store: Reader, found: Found) -> tuple[Run, str] | None:
    """Only of a run that has ended badly: of others, nobody asks, and each look costs a read."""
    if found.run.status not in (RunStatus.FAILED, RunStatus.CANCELLED) or found.run.parent is not None:
        return None
    newest = newest_rerun(store, found.run)
    return None if newest is None else (newest, standing(found.home, newest))


def _unsuccessful(store: Reader, found: Found) -> Iterator[tuple[int, Run]]:
    """The steps that are runs and did not succeed, or not yet, with these runs."""
    for node in nesting(found.plan):
        state = found.view.state(node)
        key = child_key(state) if state.status is not Status.SUCCEEDED else None
        if key is not None and (child := store.get_run(key)) is not None:
            yield node, child


def _with_standings(home: Home | None, store: Reader, view: View) -> View:
    """``view``, in which the steps that wait for a place know where they stand in line; the first few of them."""
    if not isinstance(store, Lines):  # a deployment's console
        return view
    waiting = ((node, state) for node, state in view.states.items() if state.waits is not None)
    known, holders = dict[int, StepState](), dict[str, tuple[str, ...]]()
    for node, state in islice(waiting, _STANDINGS):
        if (wait := state.waits) is not None:
            stands = store.standing(wait.pool, wait.rank)
            if wait.pool not in holders:
                holders[wait.pool] = _holders(home, store, wait.pool) if 0 < stands[0] <= _HOLDERS else ()
            known[node] = replace(state, waits=replace(wait, stands=stands, holders=holders[wait.pool]))
    return replace(view, states={**view.states, **known}) if known else view


def _holders(home: Home | None, store: Reader, pool: str) -> tuple[str, ...]:
    """The steps that have places in a pool, as ``RUN/STEP``; without those whose records cannot be read."""
    found = list[str]()
    for occupant in store.occupants(pool) if isinstance(store, Lines) else ():
        with suppress(StoreError):
            if (run := store.get_run(occupant.run)) is not None:
                of = " of an interrupted run" if standing(home, run) == INTERRUPTED else ""
                found.append(f"{_way(home, store, run, occupant.node)}{of}")
    return tuple(found)


def _way(home: Home | None, store: Reader, run: Run, node: int) -> str:
    """``RUN/STEP``, or ``RUN/STEP/STEP`` for a step inside."""
    step = plan_of(home, store, run).steps[node].name
    ref = ref_in(run.parent) if run.parent is not None else None
    outer = store.get_run(ref.run) if ref is not None else None
    return f"{run.id}/{step}" if outer is None or ref is None else f"{_way(home, store, outer, ref.node)}/{step}"


def _origins(store: Reader, found: Found) -> dict[int, Origin]:
    """Where each kept step of a rerun was run that was tried: its job's name tells."""
    origins: dict[int, Origin] = {}
    ids: dict[str, str] = {}
    for node in kept.statuses(found.run.kept):
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


def standing(home: Home | None, run: Run) -> str:
    """The run's status, or ``interrupted`` if it has not ended and no process on this machine drives it."""
    alone = home is not None and run.status is RunStatus.RUNNING and not home.driven(run.top)
    return INTERRUPTED if alone else str(run.status)


def plan_of(home: Home | None, store: Reader, run: Run) -> Plan:
    """The plan of a run, without what a rerun keeps. Raises StoreError if it is not there, or another's."""
    plan = store.get_plan(run.version)
    if plan is None:
        raise StoreError(f"the plan of run '{run.id}' is missing from {home.database if home else 'its store'}")
    try:
        return mapped.plan_of(plan, run)
    except ValueError as error:
        raise StoreError(f"the plan of run '{run.id}' does not fit what the run keeps: {error}") from error


def find_run(store: Reader, name: str, tell: Tell = unheard) -> Run:
    """The run with this id, or the newest run of the graph with this name, or the only run whose id begins so.

    The graph goes first: by the name of one graph nobody means a run of another, whose id happens to begin so.
    ``RUN/STEP`` is the run that is the newest job of that step, and ``RUN/STEP/STEP`` one inside that.
    ``tell`` is called with a sentence that names the run of the graph. Raises NotFoundError or UsageError.
    """
    name, _, path = name.partition("/")
    if path:
        return reduce(partial(_inside, store), path.split("/"), find_run(store, name, tell))
    if not name:
        raise UsageError("expected a run's id, or the beginning of one, got an empty text")
    exact = store.find_run(name)
    if exact is not None:
        return exact
    for found in store.list_runs(1, wanted=RunFilter(graph=name)):
        tell(f"run {found.id} is the newest of graph '{name}'")
        return found
    there = store.run_ids(MAX_RUNS)
    named = [
        key for run_id, key in there if run_id == name
    ]  # retention has deleted the record that maps the id to its run
    fitting = dict([(name, named[0])] if named else ((one, key) for one, key in there if one.startswith(name)))
    if len(fitting) == 1 and (only := store.get_run(*fitting.values())) is not None:
        return only
    if len(fitting) > 1 and (family := _newest_of_family(store, fitting)) is not None:
        tell(f"run {family.id} is the newest of {family.first} and its reruns")
        return family
    if len(fitting) > 1:
        raise UsageError(f"the ids of {len(fitting)} runs begin with '{name}': {_named(list(fitting))}")
    hint = did_you_mean(name, [run_id for run_id, _ in there])
    if len(there) == MAX_RUNS and not hint:
        hint = f", and none of the newest {MAX_RUNS:,} begins with it: give the whole id of an older run"
    unreadable: list[UnreadableRecordError] = []
    store.list_runs(_NEWEST, unreadable.append)
    raise NotFoundError(f"no run has the id '{name}'{hint or _LIST}{and_unreadable(unreadable)}")


def _newest_of_family(store: Reader, fitting: Mapping[str, str]) -> Run | None:
    """The newest of these runs (ids and keys, the newest first) if all are of one family."""
    if len({_ROUND.sub("", run_id) for run_id in fitting}) > 1:  # without reading any
        return None
    runs = [run for key in fitting.values() if (run := store.get_run(key)) is not None]
    return runs[0] if len({run.first for run in runs}) == 1 else None


def _inside(store: Reader, run: Run, step: str) -> Run:
    """The run that is the newest job of a step of ``run``."""
    plan = plan_of(None, store, run)
    node = find_step(plan, step)
    if not kind_of(plan.steps[node].work).runs:
        raise UsageError(f"step '{step}' of graph '{run.graph}' runs no graph, so there is no run inside it")
    key = child_key(store.load(run.key, (node,), ()).state(node))
    child = store.get_run(key) if key is not None else None
    if child is None:
        raise NotFoundError(f"step '{step}' of run '{run.id}' has no run yet: it has not started")
    return child


def apart(run: str, step: str) -> tuple[str, str]:
    """``RUN`` and ``STEP/STEP`` as the run inside and its step: ``RUN/STEP`` and ``STEP``."""
    way, slash, last = step.rpartition("/")
    return (f"{run}/{way}", last) if slash and way and last else (run, step)


def and_unreadable(found: Sequence[UnreadableRecordError]) -> str:
    """``; runs/k3v9 cannot be read: …``: the run may be among these; empty if all could be read."""
    if not found:
        return ""
    more = f" (and {len(found) - 1:,} more cannot: list them with 'orchestrator runs')" if len(found) > 1 else ""
    return f"; {found[0]}{more}"


def newest(store: Reader) -> Run:
    """The run that started last. Raises NotFoundError if there is none."""
    for run in store.list_runs(1):
        return run
    raise NotFoundError("nothing has run here yet: start with 'orchestrator run GRAPH'")


def only_unfinished(home: Home, store: Store) -> Run:
    """The one run that has not ended and that no process drives.

    Raises NotFoundError if there is none, UsageError if there are several.
    """
    unreadable: list[UnreadableRecordError] = []
    runs = sorted(
        (run for run in store.unfinished(unreadable.append) if run.parent is None),
        key=lambda run: run.started_at,
        reverse=True,
    )
    left = [run for run in runs if not home.driven(run.id)]
    if not left:
        driven = f": a process drives {_named([run.id for run in runs])}" if runs else ""
        what = "interrupted" if runs else "unfinished"
        raise NotFoundError(f"there is no {what} run here, so nothing to resume{driven}{and_unreadable(unreadable)}")
    if len(left) > 1:
        raise UsageError(f"{len(left)} runs are unfinished, name the one to resume: {_named([run.id for run in left])}")
    return left[0]


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
