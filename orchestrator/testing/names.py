"""How the steps of a simulated run are named, also those inside other steps: ``load/count``, ``per-file/0``."""

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.core.graph import Graph
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import Run
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Inner
from orchestrator.core.steps import NO_JOB, Step
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import NotFoundError, UsageError
from orchestrator.text import did_you_mean

#: Stands for all items of a mapped step.
EACH = "*"


def name_in(ledger: Ledger, run: Run, step: str) -> str:
    """The whole name of a step of ``run``, which may be a run inside another."""
    if run.parent is None:
        return step
    ref = ref_in(run.parent)
    outer = ledger.known(ref.run)
    parent = outer.plan.steps[ref.node].name
    own = step.rpartition(".")[2] if run.mapped is not None else step
    return f"{name_in(ledger, outer.run, parent)}/{own}"


def folder_in(ledger: Ledger, run: Run) -> str:
    """The whole name of the step whose job is ``run``; empty for none. An item is done in the run of its step."""
    if run.parent is None:
        return ""
    ref = ref_in(run.parent)
    outer = ledger.known(ref.run)
    if run.mapped is not None:
        return folder_in(ledger, outer.run)
    return name_in(ledger, outer.run, outer.plan.steps[ref.node].name)


def named(names: Iterable[str], step: str) -> str | None:
    """The one of ``names`` that means ``step``: its own name before one for all items."""
    parts = step.split("/")
    found = [name for name in names if _fits(name.split("/"), parts)]
    return min(found, key=lambda name: name.count(EACH), default=None)


def check_step(graph: Graph, name: str) -> Step:
    """The step with this name. Raises NotFoundError."""
    known = dict(_whole(graph.steps, graph.inners))
    general = "/".join(EACH if part.isdecimal() else part for part in name.split("/"))
    if general not in known:
        raise NotFoundError(f"graph '{graph.name}' has no step '{name}'{did_you_mean(name, known)}")
    return known[general]


def check_replaced(graph: Graph, names: Iterable[str]) -> None:
    """Raises NotFoundError for a replaced step that does not exist, and UsageError for one that has no job."""
    for name in names:
        try:
            step = check_step(graph, name)
        except NotFoundError as error:
            raise NotFoundError(f"steps: {error}") from None
        if step.work.kind == NO_JOB:
            raise UsageError(f"steps: step '{name}' has no job, so nothing can take its place")


def _fits(name: list[str], step: list[str]) -> bool:
    return len(name) == len(step) and all(
        one == other or (one == EACH and other.isdecimal()) for one, other in zip(name, step, strict=True)
    )


def _whole(steps: Iterable[Step], inners: Mapping[str, Inner], above: str = "") -> Iterator[tuple[str, Step]]:
    for step in steps:
        yield from _one(step, inners, f"{above}{step.name}")


def _one(step: Step, inners: Mapping[str, Inner], name: str) -> Iterator[tuple[str, Step]]:
    yield name, step
    inner = inners.get(step.inner)
    if inner is None:
        return
    if kind_of(step.work).maps:
        for body in inner.plan.steps:
            yield from _one(body, inner.plan.inners, f"{name}/{EACH}")
    else:
        yield from _whole(inner.plan.steps, inner.plan.inners, f"{name}/")
