"""What the expressions of a step give in a run: reads the upstream steps that they name, and nothing else."""

from collections.abc import Callable, Iterable, Mapping

from orchestrator.core.model import Run, View
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json
from orchestrator.definition import expressions, shell
from orchestrator.ports import Store

#: What ``{{ run.… }}`` may name.
Facts = Callable[[Run], Mapping[str, Json]]


def holds(store: Store, facts: Facts, run: Run, plan: Plan, when: str) -> bool:
    """Whether a ``when`` is true. Raises ExpressionError."""
    return expressions.holds(when, _context(store, facts, run, plan, expressions.references(when)))


def render(store: Store, facts: Facts, run: Run, plan: Plan, spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """``spec`` with its expressions replaced by what they give. Raises ExpressionError."""
    if not expressions.are_in(spec):
        return spec
    context = _context(store, facts, run, plan, expressions.references(spec))
    return {
        key: shell.render_command(value, context) if key == "command" else expressions.render(value, context)
        for key, value in spec.items()
    }


def _context(store: Store, facts: Facts, run: Run, plan: Plan, names: Iterable[str]) -> dict[str, Json]:
    """What expressions may name: params, the run, and the upstream steps among ``names``."""
    numbers = {name: plan.numbers[name] for name in names}
    view = store.load(run.key, tuple(numbers.values()), ()) if numbers else View()
    steps: dict[str, Json] = {}
    for name, number in numbers.items():
        state = view.state(number)
        steps[name] = {"status": str(state.status), "outputs": dict(state.outputs or {})}
    return {"params": dict(run.params), "run": dict(facts(run)), "steps": steps}
