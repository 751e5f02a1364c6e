"""Which params of its run a step reads, so that a rerun with other values runs it again."""

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from orchestrator.core.kinds import kind_of
from orchestrator.core.plan import Inner
from orchestrator.core.steps import Step, Work
from orchestrator.expressions import Code, pieces, texts
from orchestrator.expressions.meaning import meaning
from orchestrator.text import listed


def reads(
    stand_ins: bool, inners: Mapping[str, Inner] = MappingProxyType({})
) -> Callable[[Step, Collection[str]], str]:
    """A function: why a step depends on some of these params, such as ``reads the changed param 'date'``, or "".

    A function may take any param, and a command finds them all in its environment: of these, any change counts.
    ``stand_ins``: steps run their ``local`` block where they have one. ``inners``: those of the plan.
    """

    def why(step: Step, changed: Collection[str]) -> str:
        bodies = inners[step.inner].plan.steps if kind_of(step.work).maps and step.inner in inners else ()
        return next((said for one in (step, *bodies) if (said := of_one(one, changed))), "")

    def of_one(step: Step, changed: Collection[str]) -> str:
        work = step.local if stand_ins and step.local is not None else step.work
        named, all_of_them = _named(step, work)
        read = sorted(changed) if all_of_them else sorted(named.intersection(changed))
        if read:
            return f"reads the changed {_params(read)}"
        return f"may read the changed {_params(sorted(changed))}" if _sees_all(work) and changed else ""

    return why


def _params(names: list[str]) -> str:
    return f"param{'s' if len(names) > 1 else ''} {listed(names, 'and')}"


def _sees_all(work: Work) -> bool:
    kind = kind_of(work)
    if kind.cloud_function is not None:
        return work.spec.get(kind.cloud_function) is not None
    return kind.launch_slot and kind.on_machine and bool(work.spec)


def _named(step: Step, work: Work) -> tuple[set[str], bool]:
    """The params that the expressions of a step name, and whether one of them takes all."""
    named: set[str] = set()
    whole = False
    for text in (*(() if step.when is None else (step.when,)), *_texts(work)):
        for piece in pieces(text):
            if isinstance(piece, Code):
                found = meaning(piece)
                named |= found.params
                whole = whole or found.all_params
    return named, whole


def _texts(work: Work) -> Iterator[str]:
    return texts(dict(work.spec))
