"""Reruns: a new run that keeps what an earlier one has ended well, and runs the rest again."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.core.kept import as_kept
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Rerun, Selection
from orchestrator.definition.catalog import graph_files, inside
from orchestrator.definition.load import load_graph
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.errors import UsageError
from orchestrator.home import check_run_id
from orchestrator.ports import KeptState, Store

#: How many states are read at a time: each may have a megabyte of outputs.
_AT_A_TIME = 16


def request(
    store: Store,
    earlier: Run,
    plan: Plan,
    view: View,
    graph: tuple[Graph, Path] | None,
    given: Mapping[str, object],
    wanted: Selection,
    stand_ins: bool,
) -> RerunRequest:
    """The request for a rerun of a run, of which ``plan`` and ``view`` tell. ``graph``: as it is now, and its folder.

    Raises UsageError if the run has not ended, or is no longer there as a whole.
    """
    if earlier.status is RunStatus.RUNNING:
        raise UsageError(
            f"run '{earlier.id}' has not ended, and only a run that has ended can be rerun: "
            "wait for its end, continue it with 'orchestrator resume', or cancel it"
        )
    statuses = {node: view.state(node).status for node in range(len(plan.steps))}
    if any(not status.final for status in statuses.values()):
        at = datetime.fromtimestamp(earlier.ended_at or 0.0, UTC).strftime("%Y-%m-%d")
        raise UsageError(
            f"run '{earlier.id}' ended on {at}, and parts of it have been deleted since: "
            "it cannot be rerun, so start a new run"
        )
    first = store.find_run(earlier.family) if earlier.family else None
    began = (first or earlier).started_at
    return RerunRequest(
        earlier,
        plan,
        statuses,
        graph[0] if graph else None,
        graph[1] if graph else None,
        given,
        began,
        wanted,
        stand_ins,
    )


def numbered(store: Store, asked: RerunRequest, run_id: str | None, now: float, token: str | None = None) -> Rerun:
    """The rerun under ``run_id``, or under the next id of its family: ``RUN.2``, ``RUN.3``…

    If just this is running, or was asked for with this ``token``, it is that rerun. Raises UsageError if the run was
    rerun before in another way.
    """
    if run_id is not None:
        return asked.rerun(check_run_id(run_id), now)
    first = asked.earlier.family or asked.earlier.id
    number, newest = 2, None
    while (there := store.find_run(f"{first}.{number}")) is not None:
        if there.rerun_of == asked.earlier.id:
            newest = there
        number += 1
    if newest is not None:
        same = asked.rerun(newest.id, now)
        if same.run.key == newest.key and (newest.status is RunStatus.RUNNING or token == same.token):
            return same
        raise UsageError(
            f"run '{asked.earlier.id}' was rerun as '{newest.id}', which {_stands(newest)}: "
            f"rerun that one, or give a new --run-id to start from '{asked.earlier.id}' again"
        )
    return asked.rerun(check_run_id(f"{first}.{number}"), now)


def _stands(run: Run) -> str:
    return "is running" if run.status is RunStatus.RUNNING else f"has {_ENDED[run.status]}"


_ENDED = {
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "been cancelled",
}


def graph_of(run: Run, find: Callable[[str], Path] | None, named: str | None) -> tuple[Graph, Path] | None:
    """The graph of a run as it is now, and its folder; None if its file cannot be found where it was.

    ``named``: what the user calls the file, for ``find``. Raises UsageError if that is another graph's.
    """
    if named is not None and find is not None:
        path: Path | None = find(named)
    else:
        path = _file(run)
    if path is None:
        return None
    graph = load_graph(path)
    check_same_graph(graph, run, str(path))
    return graph, path.parent


def check_same_graph(graph: Graph, run: Run, where: str) -> None:
    """Raises UsageError if a run is of a graph with another name."""
    if graph.name != run.graph:
        raise UsageError(f"{where}: expected the graph '{run.graph}', which run '{run.id}' is of, got '{graph.name}'")


def chosen_graph(earlier: Run, now: tuple[Graph, Path] | None, same_version: bool) -> tuple[Graph, Path] | None:
    """``now``, the graph as it is; None if the version that ran is wanted instead, and that is another one."""
    return None if same_version and now is not None and now[0].version != earlier.version else now


def _file(run: Run) -> Path | None:
    """Where the graph's file was when the run was started, if there is one."""
    folder = Path(run.folder) if run.folder is not None else None
    if folder is None or not folder.is_dir():
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
            "--token: no such plan: the run, its graph or its params have changed since it was shown: "
            "look at the plan again with --dry-run"
        )


def as_json(rerun: Rerun, *, params: bool) -> dict[str, Any]:
    """What a rerun would do. ``token`` asks for just this. ``was``: how a step had ended. No value of a param is told
    without ``params``.
    """
    return {
        "run": rerun.run.id,
        "rerun_of": rerun.earlier.id,
        "status": str(rerun.earlier.status),
        "graph": rerun.run.graph,
        "version": rerun.run.version,
        "graph_changed": rerun.run.version != rerun.earlier.version,
        "token": rerun.token,
        **({"params": dict(rerun.run.params)} if params else {}),
        "changed_params": sorted(rerun.changed),
        "steps": {
            choice.step: {
                "again": choice.again,
                "was": None if choice.status is None else str(choice.status),
                "why": choice.why,
            }
            for choice in rerun.choices
        },
    }
