"""Reads of runs that have not ended what a list says of them besides their statuses, where their graphs ask for it."""

from collections.abc import Callable, Collection, Iterator

from orchestrator.core.inner_graphs import has_deadlines, whole
from orchestrator.core.model import Run, RunStatus, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.steps import OnFailure
from orchestrator.engine.runs_inside import child_key, nesting
from orchestrator.errors import NotFoundError, StoreError
from orchestrator.home import Home
from orchestrator.operations.places_in_line import end_in_line
from orchestrator.operations.run_records import plan_of
from orchestrator.ports import Reader
from orchestrator.reporting.condition import Condition
from orchestrator.reporting.deadlines import deadline_data, deadline_note

#: Finds the plan of a run.
PlanOf = Callable[[Run], Plan]


def conditions(
    home: Home | None, store: Reader, runs: Collection[Run], plan: PlanOf | None = None
) -> dict[str, Condition]:
    """The conditions of those of ``runs`` that have not ended, by key."""
    find, found = plan or _plans(home, store), dict[str, Condition]()
    for run in runs:
        if run.status is RunStatus.RUNNING:
            try:
                found[run.key] = _condition(home, store, run, find)
            except (StoreError, NotFoundError) as error:  # the list has the other runs nevertheless
                found[run.key] = Condition(unread=str(error))
    return found


def _condition(home: Home | None, store: Reader, run: Run, find: PlanOf) -> Condition:
    plan = find(run)
    view = _read(store, run, plan)
    attention, late = list[str](), list[tuple[str, str]]()
    for name, of, node in _steps(store, plan, view, find):
        if of.state(node).status is Status.NEEDS_ATTENTION:
            attention.append(name)
        if note := deadline_note(of.state(node)):
            late.append((name, note))
    end = end_in_line(home, store, plan, view.state(plan.end))
    return Condition(end, tuple(attention), tuple(late), deadline_data(run, plan, end, plan.end))


def _read(store: Reader, run: Run, plan: Plan) -> View:
    """The states that tell something: in most graphs, there are none."""
    nodes = set(plan.deadlines)
    if run.active_limit is not None:
        nodes.add(plan.end)
    nodes |= {node for node, step in enumerate(plan.steps) if step.on_failure is OnFailure.HOLD}
    nodes |= {node for node in nesting(plan) if (one := plan.inners.get(plan.steps[node].inner)) and _tells(one.plan)}
    return store.load(run.key, sorted(nodes), ()) if nodes else View()


def _tells(plan: Plan) -> bool:
    return has_deadlines(plan) or any(step.on_failure is OnFailure.HOLD for step in whole(plan))


def _steps(store: Reader, plan: Plan, view: View, find: PlanOf, above: str = "") -> Iterator[tuple[str, View, int]]:
    """The steps whose states were read, and those inside them, each with its whole name."""
    for node, state in sorted(view.states.items()):
        if node >= len(plan.steps):
            continue
        name = f"{above}{plan.steps[node].name}"
        yield name, view, node
        key = child_key(state) if state.status.active and node in nesting(plan) else None
        if key is not None and (child := store.get_run(key)) is not None and child.status is RunStatus.RUNNING:
            inner = find(child)
            yield from _steps(store, inner, _read(store, child, inner), find, f"{name}/")


def _plans(home: Home | None, store: Reader) -> PlanOf:
    """Finds plans, each of which is read once."""
    known = dict[tuple[str, str, int | None], Plan]()

    def find(run: Run) -> Plan:
        name = run.version, run.kept, run.mapped
        if name not in known:
            known[name] = plan_of(home, store, run)
        return known[name]

    return find
