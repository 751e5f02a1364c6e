"""Checks that the stored records of a run agree. Reads only."""

from orchestrator.core.consistency import confirmed, doubts
from orchestrator.core.invariants import Inspector
from orchestrator.core.plan import Plan
from orchestrator.errors import NotFoundError
from orchestrator.ports import Reader


def wrong(store: Reader, key: str, plan: Plan) -> list[str]:
    """All contradictions in the records of a run, with their places, and the records that cannot be read.

    Raises NotFoundError if there is no such run.
    """
    first = _wrong(store, key, plan)
    if not first:
        return first
    return list(confirmed(dict.fromkeys(first), lambda: dict.fromkeys(_wrong(store, key, plan))))


def _wrong(store: Reader, key: str, plan: Plan) -> list[str]:
    run = store.get_run(key)  # before its steps, so that they are never older than its end
    if run is None:
        raise NotFoundError(f"no run has the key '{key}'")
    unreadable: list[str] = []
    view = store.load_all(key, lambda error: unreadable.append(str(error)), outputs=False)
    inspector = Inspector(plan)
    found = [*unreadable, *doubts(plan, view), *inspector.states(view)]
    return found if view.unreadable else found + inspector.ending(view, run.status, run.stop)
