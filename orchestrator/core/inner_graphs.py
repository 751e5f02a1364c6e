"""Graphs inside graphs: what a step of kind ``graph`` runs, and how it is found. Pure.

A graph that steps run is stored in the plan of the graph that runs it, compiled, so that a run keeps what it started
with. It is stored once, however many steps run it: they name it by its version (``Step.inner``).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace

from orchestrator.core.plan import Inner, Plan
from orchestrator.core.steps import Step

#: How many runs may be inside each other, below the one that somebody started.
MAX_DEPTH = 3


def version_of(inner: Inner) -> str:
    """A hash of everything that affects a step that runs it."""
    params = [asdict(param) for param in inner.params]
    said = [inner.plan.version, params, inner.outputs, inner.folder, inner.file]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def needed(steps: Iterable[Step], inners: Mapping[str, Inner]) -> dict[str, Inner]:
    """Those of ``inners`` that ``steps`` run; each has in its plan what its own steps run."""
    return {step.inner: inners[step.inner] for step in steps if step.inner in inners}


def flat(steps: Iterable[Step], inners: Mapping[str, Inner], prefix: str = "") -> Iterator[Step]:
    """``steps`` and all steps inside them, at any depth, each with its whole name: ``load/ingest``."""
    for step in steps:
        yield replace(step, name=f"{prefix}{step.name}") if prefix else step
        if (inner := inners.get(step.inner)) is not None:
            yield from flat(inner.plan.steps, inner.plan.inners, f"{prefix}{step.name}/")


def whole(plan: Plan) -> tuple[Step, ...]:
    """The steps of a plan, and all steps inside them."""
    return tuple(flat(plan.steps, plan.inners))


def times_of_day(steps: Iterable[Step], deadline: float | str | None, inners: Mapping[str, Inner]) -> frozenset[str]:
    """The times of day that are deadlines of a graph, of its ``steps``, and of what is inside them."""
    own = {due for due in (deadline, *(step.deadline for step in steps)) if isinstance(due, str)}
    plans = (inner.plan for inner in inners.values())
    return frozenset(own).union(*(times_of_day(plan.steps, plan.deadline, plan.inners) for plan in plans))


def has_deadlines(plan: Plan) -> bool:
    """Whether a run of the plan has a deadline, or a run inside it has one."""
    return bool(plan.deadlines) or any(has_deadlines(inner.plan) for inner in plan.inners.values())
