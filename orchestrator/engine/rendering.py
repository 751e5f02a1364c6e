"""Evaluates the expressions of a step. It reads only the upstream steps that they refer to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from orchestrator import expressions
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Run, View
from orchestrator.core.steps import Json
from orchestrator.engine.execution import Execution
from orchestrator.errors import OrchestratorError
from orchestrator.expressions import ExpressionError, shell, zones
from orchestrator.ports import Store
from orchestrator.text import told

#: Returns the values of ``{{ run.… }}``.
Facts = Callable[[Run], Mapping[str, Json]]


def facts_of(run: Run) -> dict[str, Json]:
    """The values of ``{{ run.… }}`` that exist both in the cloud and on one machine. Raises UnknownZoneError."""
    return {
        "id": run.id,
        "started_at": _iso(run.started_at, run.time_zone),
        "started_at_epoch": run.started_at,
        "time_zone": run.time_zone,
    }


@lru_cache(maxsize=256)
def _iso(at: float, time_zone: str) -> str:
    """A time as ISO 8601 text, in milliseconds and in the given time zone."""
    return datetime.fromtimestamp(at, zones.zone(time_zone)).isoformat(timespec="milliseconds")


@contextmanager
def users() -> Iterator[None]:
    """Turn unforeseen exceptions from users' expressions into ExpressionErrors: they fail the step, not the handler."""
    try:
        yield
    except OrchestratorError:
        raise
    except Exception as error:
        raise ExpressionError(f"an expression of the step failed: {told(error)}") from error


def holds(store: Store, facts: Facts, execution: Execution, when: str, node: int = -1) -> bool:
    """Whether the condition ``when`` of a step, the ``node``-th, is true. Raises ExpressionError."""
    with users():
        return expressions.holds(when, _context(store, facts, execution, expressions.references(when), node))


def render(
    store: Store, facts: Facts, execution: Execution, spec: Mapping[str, Json], node: int = -1
) -> Mapping[str, Json]:
    """``spec`` of a step, the ``node``-th, with its expressions replaced by their values. Raises ExpressionError."""
    if not expressions.are_in(spec):
        return spec
    with users():
        context = _context(store, facts, execution, expressions.references(spec), node)
        return {
            key: shell.render_command(value, context) if key == "command" else expressions.render(value, context)
            for key, value in spec.items()
        }


def _context(store: Store, facts: Facts, execution: Execution, names: Iterable[str], node: int) -> dict[str, Json]:
    """The values that expressions may use: params, the run, and the upstream steps called ``names``.

    Those of a mapped step are those of the step that is mapped, and its item.
    """
    if execution.outer is not None:
        return {**_context(store, facts, execution.outer, names, -1), **item_of(execution, node)}
    numbers = {name: execution.plan.numbers[name] for name in names}
    view = store.load(execution.run.key, tuple(numbers.values()), ()) if numbers else View()
    steps: dict[str, Json] = {}
    for name, number in numbers.items():
        state = view.state(number)
        outputs = dict(state.outputs or {})
        if execution.plan.steps[number].inner and kind_of(execution.plan.steps[number].work).maps and state.job:
            outputs |= _outputs_inside(store, state.job)
        steps[name] = {"status": str(state.status), "outputs": outputs}
    return {"params": dict(execution.run.params), "run": dict(facts(execution.run)), "steps": steps}


#: The output of a mapped step, and the param of its run, that has one entry for each item.
ITEMS = "items"


def item_of(execution: Execution, node: int) -> dict[str, Json]:
    """The item of a mapped step, and its index."""
    items = execution.run.params[ITEMS]
    assert isinstance(items, list)
    return {"item": items[node], "index": node}


def params_of(execution: Execution, node: int) -> Mapping[str, Json]:
    """The params that users' code sees: those of the run in which its step is written, and its item."""
    if execution.outer is None:
        return execution.run.params
    return {**execution.outer.run.params, **item_of(execution, node)}


def _outputs_inside(store: Store, key: str) -> dict[str, Json]:
    """The outputs for each item, in order; null where there are none. They are read when somebody uses them.

    Nothing if the job is no run: a test has replaced the step, and says its outputs.
    """
    run = store.get_run(key)
    if run is None:
        return {}
    states = store.load_all(key).states
    outputs = [states[node].outputs if node in states else None for node in range(run.mapped or 0)]
    return {ITEMS: [None if one is None else dict(one) for one in outputs]}
