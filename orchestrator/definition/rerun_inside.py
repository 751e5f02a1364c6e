"""What a rerun runs again inside the steps whose jobs are runs: read from the earlier run, checked, and told."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.core import mapped
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Run, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Changes, Choice, Earlier, choose, definition
from orchestrator.core.rerun_inside import Inside, Selection, step_named
from orchestrator.engine.runs_inside import child_key
from orchestrator.errors import StoreError, UsageError
from orchestrator.ports import Reader
from orchestrator.text import did_you_mean, listed, quoted

_UNDONE = (Status.FAILED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run that is to be rerun, or one inside it: its plan, and how each of its steps ended. ``inside``: the run that
    is the job of a step, by the step's number; None if there is none.
    """

    run: Run
    plan: Plan
    statuses: Mapping[int, Status]
    inside: Callable[[int], "EarlierRun | None"] = field(default=lambda _: None)


def earlier_run(store: Reader, run: Run, plan: Plan, view: View) -> EarlierRun:
    """A run that has ended, of which ``plan`` and ``view`` tell. What is inside it is read when it is asked for."""

    def inside(node: int) -> EarlierRun | None:
        key = child_key(view.state(node)) if kind_of(plan.steps[node].work).runs else None
        child = store.get_run(key) if key is not None else None
        if child is None:
            return None
        base = store.get_plan(child.version)
        if base is None:
            raise StoreError(f"the plan of run '{child.id}' is missing from its store")
        return earlier_run(store, child, mapped.plan_of(base, child), store.load_all(child.key, outputs=False))

    return EarlierRun(run, plan, {node: view.state(node).status for node in range(len(plan.steps))}, inside)


def whole_names(names: Collection[str], option: str, earlier: EarlierRun, plan: Plan) -> tuple[list[str], list[str]]:
    """``names`` of steps of ``plan``, and of steps inside them, as they are in full; and what is wrong with others."""
    found, wrong = list[str](), list[str]()
    for name in names:
        try:
            found.append("/".join(_way(name.split("/"), earlier, plan)))
        except UsageError as error:
            wrong.append(f"{option}: {error}")
    return found, wrong


def _way(parts: list[str], earlier: EarlierRun, plan: Plan) -> Iterator[str]:
    """The steps on the way to the one that ``parts`` name. Raises UsageError if there is none."""
    head, *rest = parts
    name = step_named(plan, head)
    if name is None:
        raise UsageError(f"graph '{plan.graph}' has no step {quoted(head)}{_hint(head, plan)}")
    yield name
    if not rest:
        return
    if not kind_of(plan.steps[plan.numbers[name]].work).runs:
        raise UsageError(f"step {quoted(name)} of graph '{plan.graph}' runs no graph, so there is no step inside it")
    number = earlier.plan.numbers.get(name)
    child = earlier.inside(number) if number is not None else None
    if child is None:
        raise UsageError(f"step {quoted(name)} of run '{earlier.run.id}' never ran, so there is no step inside it")
    yield from _way(rest, child, child.plan)


def _hint(name: str, plan: Plan) -> str:
    items = len(plan.steps)
    if name.isdigit() and plan.steps[-1].name.endswith(f".{items - 1}"):
        return f": its items are 0 to {items - 1:,}"
    return did_you_mean(name, plan.numbers)


def with_inside(
    choices: list[Choice], plan: Plan, earlier: EarlierRun, wanted: Selection, changed: Collection[str]
) -> list[Choice]:
    """``choices`` for the steps of ``plan``, with what becomes of the steps inside them. ``changed``: the params that
    have other values. Raises UsageError if something is named inside a step that runs again as a whole.
    """
    chosen = {choice.step: choice for choice in choices}
    return [_with_inside(choice, chosen, plan, earlier, wanted, changed) for choice in choices]


def _with_inside(
    choice: Choice,
    chosen: Mapping[str, Choice],
    plan: Plan,
    earlier: EarlierRun,
    wanted: Selection,
    changed: Collection[str],
) -> Choice:
    named = wanted.inside(choice.step)
    step, number = plan.steps[plan.numbers[choice.step]], earlier.plan.numbers.get(choice.step)
    if not choice.again or number is None or not kind_of(step.work).runs or wanted.everything:
        return choice
    if not named.names and choice.status not in _UNDONE:
        return choice
    again = next((name for name in step.after if chosen[name].again), None)
    if again is not None or changed or definition(step) != definition(earlier.plan.steps[number]):
        why = "its definition has changed" if again is None else f"step {quoted(again)} before it runs again"
        why = "params have other values" if changed and again is None else why
        if named.names:
            option = "--only" if wanted.only else "--from"
            raise UsageError(
                f"{option}: all steps inside {quoted(choice.step)} run again, not only {listed(named.names, 'and')}, "
                f"because {why}: name {quoted(choice.step)} instead"
            )
        return choice
    child = earlier.inside(number)
    if child is None:
        return choice
    made = choose(child.plan, Earlier(child.plan, child.statuses), named, Changes())
    if named.names:
        with_inside(made, child.plan, child, named, ())  # raises for what is named further inside
    inner = tuple(one.step for one in made if one.again)
    return replace(choice, inside=Inside(inner, len(made) - len(inner)))
