"""Reruns: a new run that keeps the steps of an earlier one that succeeded or were skipped, and runs the rest again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.core.kept_steps import as_kept
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Rerun
from orchestrator.core.rerun_idle import Idle, hasty, idle
from orchestrator.core.rerun_inside import Inside, Selection
from orchestrator.definition.catalog import graph_files, inside
from orchestrator.definition.load import load_graph
from orchestrator.definition.rerun_inside import earlier_run
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.home import check_run_id
from orchestrator.ports import KeptState, Reader, Store

#: How many states are read at a time: each may have a megabyte of outputs.
_AT_A_TIME = 16


@dataclass(frozen=True, slots=True)
class GraphNow:
    """A graph as it is now. ``file``: the name in ``folder`` of the file that defines it, if there is one."""

    graph: Graph
    folder: Path
    file: str | None


def request(
    store: Store,
    earlier: Run,
    plan: Plan,
    view: View,
    graph: GraphNow | None,
    given: Mapping[str, object],
    wanted: Selection,
    stand_ins: bool,
) -> RerunRequest:
    """The request for a rerun of a run, of which ``plan`` and ``view`` tell. ``graph``: as it is now.

    Raises UsageError if the run has not ended, or is no longer there as a whole.
    """
    if earlier.parent is not None:
        raise UsageError(
            f"run '{earlier.id}' is inside run '{earlier.top}', and runs again with it: rerun that, and name a step "
            "inside as STEP/STEP"
        )
    if earlier.status is RunStatus.RUNNING:
        raise UsageError(
            f"run '{earlier.id}' has not ended, and only a run that has ended can be rerun: "
            "wait for its end, or cancel it; on one machine, 'orchestrator resume' continues one that was interrupted"
        )
    before = earlier_run(store, earlier, plan, view)
    if any(not status.final for status in before.statuses.values()):
        at = datetime.fromtimestamp(earlier.ended_at or 0.0, UTC).strftime("%Y-%m-%d")
        raise UsageError(
            f"run '{earlier.id}' ended on {at}, and parts of it have been deleted since: "
            "it cannot be rerun, so start a new run"
        )
    first = store.find_run(earlier.family) if earlier.family else None
    began = (first or earlier).started_at
    return RerunRequest(
        before,
        graph.graph if graph else None,
        graph.folder if graph else None,
        given,
        began,
        wanted,
        stand_ins,
        graph.file if graph else None,
    )


def numbered(
    store: Store,
    asked: RerunRequest,
    run_id: str | None,
    now: float,
    token: str | None = None,
    interrupted: Callable[[Run], bool] = lambda _: False,
) -> Rerun:
    """The rerun under ``run_id``, or under the next id of its family: ``RUN.2``, ``RUN.3``…

    If just this is running, or was asked for with this ``token``, it is that rerun. Raises UsageError if the run was
    rerun before in another way. ``interrupted``: whether no process drives a run that has not ended.
    """
    if run_id is not None:
        return asked.rerun(check_run_id(run_id), now)
    first = asked.earlier.first
    number, newest = 2, None
    for there in rounds(store, first):
        if there.rerun_of == asked.earlier.id:
            newest = there
        number += 1
    if newest is not None:
        same = asked.rerun(newest.id, now)
        if same.run.key == newest.key and (newest.status is RunStatus.RUNNING or token == same.token):
            return same
        again = f"give a new --run-id to start from '{asked.earlier.id}' again"
        raise UsageError(f"run '{asked.earlier.id}' was rerun as '{newest.id}', {_advice(newest, interrupted)}{again}")
    return asked.rerun(_next_id(f"{first}.{number}"), now)


def rounds(store: Reader, first: str) -> Iterator[Run]:
    """The runs called ``FIRST.2``, ``FIRST.3``…, up to the first that is missing; most are reruns, but need not be."""
    number = 2
    while (there := store.find_run(f"{first}.{number}")) is not None:
        yield there
        number += 1


def newest_rerun(store: Reader, run: Run) -> Run | None:
    """The newest rerun of ``run``, or of one of its reruns; None if it was not rerun."""
    ids, newest = {run.id}, None
    for there in rounds(store, run.first):
        if there.rerun_of in ids:
            ids.add(there.id)
            newest = there
    return newest


def _next_id(run_id: str) -> str:
    try:
        return check_run_id(run_id)
    except UsageError as error:
        raise UsageError(f"the id of the rerun would be '{run_id}', which is too long: give a --run-id") from error


def _advice(newest: Run, interrupted: Callable[[Run], bool]) -> str:
    """How a rerun stands, and what to do with it instead."""
    match newest.status:
        case RunStatus.RUNNING if interrupted(newest):
            return f"which was interrupted: continue it with 'orchestrator resume {newest.id}', or "
        case RunStatus.RUNNING:
            return f"which is running: follow it with 'orchestrator status {newest.id}', or "
        case RunStatus.SUCCEEDED:
            return "which has succeeded: "
        case RunStatus.FAILED:
            return "which has failed: rerun that one, or "
        case _:
            return "which has been cancelled: rerun that one, or "


def graph_of(
    run: Run, find: Callable[[str], Path] | None, named: str | None, same_version: bool = False
) -> GraphNow | None:
    """The graph of a run as it is now; None if no file is known that defines it.

    ``named``: what the user calls the file, for ``find``. Raises UsageError if the file is gone, cannot be read or
    defines another graph, unless ``same_version`` says that it is not needed.
    """
    try:
        path = find(named) if named is not None and find is not None else _file(run)
        if path is None:
            return None
        graph = load_graph(path)
        check_same_graph(graph, run, str(path))
    except OrchestratorError:
        if same_version:
            return None
        raise
    return GraphNow(graph, path.parent, path.name)


def check_same_graph(graph: Graph, run: Run, where: str) -> None:
    """Raises UsageError if a run is of a graph with another name."""
    if graph.name != run.graph:
        raise UsageError(f"{where}: expected the graph '{run.graph}', as in run '{run.id}', got '{graph.name}'")


def chosen_graph(earlier: Run, now: GraphNow | None, same_version: bool) -> GraphNow | None:
    """``now``, the graph as it is; None if the version that ran is wanted instead, and that is another one."""
    return None if same_version and now is not None and now.graph.version != earlier.version else now


def _file(run: Run) -> Path | None:
    """The file that the run's graph was read from; None if it had none. Raises UsageError if it is gone."""
    folder = Path(run.folder) if run.folder is not None else None
    if folder is None:
        return None
    if run.file is not None:
        path = folder / run.file
        if not path.is_file():
            raise UsageError(
                f"run '{run.id}': the file of its graph, {path}, is gone: give its new place with --graph, or use "
                "--same-version for the graph as it was"
            )
        return path
    if not folder.is_dir():
        return None
    if folder.name == run.graph and (files := inside(folder)):
        return files[-1]
    return dict(graph_files(folder)).get(run.graph)


def kept_states(store: Store, rerun: Rerun) -> Iterator[KeptState]:
    """The states that a rerun keeps, a few at a time: together they may be larger than the memory.

    Raises UsageError if one was deleted meanwhile.
    """
    pairs = list(rerun.kept.items())
    for start in range(0, len(pairs), _AT_A_TIME):
        part = pairs[start : start + _AT_A_TIME]
        view = store.load(rerun.earlier.key, [was for _, was in part], ())
        for node, was in part:
            state = view.state(was)
            if not state.status.final:
                raise UsageError(
                    f"step '{rerun.plan.steps[node].name}' of run '{rerun.earlier.id}' has been deleted meanwhile"
                )
            yield node, as_kept(state)


def check_token(rerun: Rerun, token: str | None) -> None:
    """Raises UsageError if ``token`` belongs to another plan than this."""
    if token is not None and token != rerun.token:
        raise UsageError(
            "--token: no such plan: the run, its graph or its params have changed since it was shown, or it was shown "
            "with another --run-id or without one: look at the plan again with --dry-run, and the same --run-id"
        )


def as_json(rerun: Rerun, *, params: bool) -> dict[str, Any]:
    """What a rerun would do. ``token`` asks for just this. ``was``: how a step had ended. ``will_end``: how a step will
    end without running, ``because_of`` a step that is kept. ``does_not_wait_for``: steps that run again, before a step
    for which those that are kept are enough. ``inside``: which steps run again inside a step, and how many are kept
    there; without it, all steps inside run again. No value of a param is told without ``params``.
    """
    found, at_once = idle(rerun.plan, rerun.choices), hasty(rerun.plan, rerun.choices)
    return {
        "run": rerun.run.id,
        "rerun_of": rerun.earlier.id,
        "status": str(rerun.earlier.status),
        "graph": rerun.run.graph,
        "version": rerun.run.version,
        "graph_changed": rerun.run.version != rerun.earlier.version,
        "graph_file": rerun.file,
        "removed": list(rerun.removed),
        "token": rerun.token,
        **({"params": dict(rerun.run.params)} if params else {}),
        "changed_params": sorted(rerun.changed),
        "steps": {
            choice.step: {
                "again": choice.again,
                "was": None if choice.status is None else str(choice.status),
                "why": choice.why,
                **_inside(choice.inside),
                **_will_not_run(found.get(choice.step)),
                **({"does_not_wait_for": at_once[choice.step]} if choice.step in at_once else {}),
            }
            for choice in rerun.choices
        },
    }


def _inside(found: Inside | None) -> dict[str, Any]:
    return {} if found is None else {"inside": {"again": list(found.again), "kept": found.kept}}


def _will_not_run(found: Idle | None) -> dict[str, str]:
    return {} if found is None else {"will_end": str(found.status), "because_of": found.because_of}
