"""Evaluates the expressions of a step. It reads only the upstream steps that they refer to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from orchestrator import expressions
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


def holds(store: Store, facts: Facts, execution: Execution, when: str) -> bool:
    """Whether the condition ``when`` is true. Raises ExpressionError."""
    with users():
        return expressions.holds(when, _context(store, facts, execution, expressions.references(when)))


def render(store: Store, facts: Facts, execution: Execution, spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """``spec`` with its expressions replaced by their values. Raises ExpressionError."""
    if not expressions.are_in(spec):
        return spec
    with users():
        context = _context(store, facts, execution, expressions.references(spec))
        return {
            key: shell.render_command(value, context) if key == "command" else expressions.render(value, context)
            for key, value in spec.items()
        }


def _context(store: Store, facts: Facts, execution: Execution, names: Iterable[str]) -> dict[str, Json]:
    """The values that expressions may use: params, the run, and the upstream steps called ``names``."""
    numbers = {name: execution.plan.numbers[name] for name in names}
    view = store.load(execution.run.key, tuple(numbers.values()), ()) if numbers else View()
    steps: dict[str, Json] = {}
    for name, number in numbers.items():
        state = view.state(number)
        steps[name] = {"status": str(state.status), "outputs": dict(state.outputs or {})}
    return {"params": dict(execution.run.params), "run": dict(facts(execution.run)), "steps": steps}
