"""Confirms contradictions by reading again: no store reads all of a run at one moment, so they may not be real."""

from orchestrator.core.consistency import Doubts, doubts, settled
from orchestrator.core.model import View
from orchestrator.core.plan import Plan
from orchestrator.ports import Reader


def sure_doubts(store: Reader, key: str, plan: Plan, view: View) -> Doubts:
    """The contradictions in ``view``, which was just read, that remain when the run is read again."""
    sure, unsettled = settled_doubts(store, key, plan, view)
    return {**sure, **unsettled}


def settled_doubts(store: Reader, key: str, plan: Plan, view: View) -> tuple[Doubts, Doubts]:
    """The same: those that are real, and those of which nobody can tell while steps end so fast."""
    seeming = doubts(plan, view)
    if not seeming:
        return {}, {}
    return settled(seeming, lambda: doubts(plan, store.load_all(key, lambda _: None, outputs=False)))
