"""Runs graphs on this machine: ``orchestrator.run``, ``rerun``, ``resume`` and ``status``."""

import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, Unpack

from orchestrator.api.driver import Silent
from orchestrator.api.graphs import AnyGraph, AnyPath, chosen
from orchestrator.api.results import RunResult, result_of
from orchestrator.core.model import Run
from orchestrator.core.rerun_inside import Selection
from orchestrator.definition.handles import plain
from orchestrator.definition.reruns import GraphNow, check_same_graph, chosen_graph, graph_of, numbered, request
from orchestrator.definition.run_request import run_request
from orchestrator.errors import UsageError
from orchestrator.operations import runs
from orchestrator.operations.choose_store import choose_home, store_of
from orchestrator.operations.find_run import find_run
from orchestrator.operations.load_run import found_run, load


class Driving(TypedDict, total=False):
    """How a rerun is driven."""

    home: AnyPath | None
    parallel: int | None
    fake_dataflow: bool
    durable: bool
    check: bool


def run(
    graph: AnyGraph,
    params: Mapping[str, Any] | None = None,
    *,
    run_id: str | None = None,
    home: AnyPath | None = None,
    parallel: int | None = None,
    fake_dataflow: bool = False,
    deployment: Mapping[str, str] | None = None,
    durable: bool = False,
    check: bool = True,
) -> RunResult:
    """Run a graph in this process to its end, or continue the run that has the id ``run_id``.

    With ``check``, raises RunFailedError if the run failed or was cancelled. Raises UsageError as the command does.
    Ctrl-C (KeyboardInterrupt) interrupts the run properly: ``resume`` continues it.
    """
    model, path = chosen(graph)
    wanted = run_request(model, path, run_id, plain(params or {}), time.time(), from_file=_is_file(graph))
    screen = Silent()
    driver = screen.driver(parallel, fake_dataflow, durable, deployment)
    return screen.result(runs.run(wanted, choose_home(_path(home), path), driver), check)


def resume(
    run_id: str,
    *,
    home: AnyPath | None = None,
    parallel: int | None = None,
    fake_dataflow: bool = False,
    durable: bool = False,
    check: bool = True,
) -> RunResult:
    """Continue a run that was interrupted or killed, as ``run`` does. If it has ended, only its result is returned."""
    screen = Silent()
    with store_of(_path(home)) as (place, store):
        chosen = find_run(store, run_id)
    return screen.result(runs.resume(chosen, place, screen.driver(parallel, fake_dataflow, durable, None)), check)


def rerun(
    run_id: str,
    params: Mapping[str, Any] | None = None,
    *,
    start: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    everything: bool = False,
    graph: AnyGraph | None = None,
    same_version: bool = False,
    new_id: str | None = None,
    **keys: Unpack[Driving],
) -> RunResult:
    """Run again what did not succeed in a run that has ended, as a new run that keeps the rest.

    ``start``: steps that also run again. ``only``: run only these again, with what is downstream, and keep the rest,
    even failed steps. ``keys``: as for ``resume``.
    """
    if unknown := sorted(keys.keys() - Driving.__annotations__.keys()):
        raise TypeError(f"rerun() got an unexpected keyword argument {unknown[0]!r}")
    if graph is not None and same_version:
        raise UsageError("graph and same_version both say which graph runs: give only one of them")
    selection = Selection(_names(start), _names(only), everything)
    with store_of(_path(keys.get("home"))) as (place, store):
        found = load(place, store, find_run(store, run_id))
        now = chosen_graph(found.run, _graph_now(graph, found.run, same_version), same_version)
        asked = request(store, found.run, found.plan, found.view, now, plain(params or {}), selection, True)
        wanted = numbered(store, asked, new_id, time.time())
    screen = Silent()
    driver = screen.driver(keys.get("parallel"), keys.get("fake_dataflow", False), keys.get("durable", False), None)
    return screen.result(runs.rerun(wanted, place, driver), keys.get("check", True))


def status(run_id: str | None = None, *, home: AnyPath | None = None, store: str | None = None) -> RunResult:
    """A run as it is now; by default the one that started last. Changes nothing, and raises nothing for a failed run.

    ``store``: where to look instead of ``home``: ``firestore://PROJECT/DATABASE``. Its status is ``interrupted`` if it
    has not ended and no process drives it.
    """
    return result_of(found_run(_path(home), run_id, store, outputs=True, partly=True))


def _graph_now(graph: AnyGraph | None, earlier: Run, same_version: bool) -> GraphNow | None:
    """The graph with which a run is rerun: that which is given, or what its file has now."""
    if graph is None:
        return graph_of(earlier, None, None, same_version)
    model, path = chosen(graph)
    check_same_graph(model, earlier, str(path))
    return GraphNow(model, path.parent, path.name if _is_file(graph) else None)


def _is_file(graph: AnyGraph) -> bool:
    """Whether a graph is given by its file or its name."""
    return isinstance(graph, str | PathLike)


def _path(given: AnyPath | None) -> Path | None:
    return None if given is None else Path(given).absolute()


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
