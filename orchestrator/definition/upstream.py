"""Which steps have certainly ended, or succeeded, when a step runs, according to the trigger rules in between."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from orchestrator.core.rules import IMPATIENT, Join, Tally, TriggerRule, Verdict, verdict
from orchestrator.core.steps import Step

if TYPE_CHECKING:
    from orchestrator.core.graph import Graph


def patient(step: Step) -> bool:
    """Whether a step waits for all its predecessors. With a single one, all rules but ``always`` do."""
    return step.trigger not in IMPATIENT or (len(step.after) == 1 and step.trigger is not TriggerRule.ALWAYS)


def succeeded(step: Step) -> tuple[str, ...]:
    """The predecessors of ``step`` that have certainly succeeded when it runs: all of them, or none."""
    return step.after if patient(step) and _wants_success(step.trigger, min(len(step.after), 2)) else ()


@cache
def _wants_success(rule: TriggerRule, count: int) -> bool:
    """Whether a step runs only if all its ``count`` predecessors have succeeded. 2 stands for any greater number."""
    one = (Tally(succeeded=1), Tally(failed=1), Tally(upstream_failed=1), Tally(skipped=1))
    ends = [sum(ends, Tally()) for ends in combinations_with_replacement(one, count)]
    return all(end.succeeded == count or verdict(rule, Join(0, end)) is not Verdict.RUN for end in ends)


class Ancestors:
    """For each step, bit masks of the ``wanted`` steps that come before it, have certainly ended, or have succeeded.

    A step with an impatient rule does not wait for all predecessors, so none of them has certainly ended. Steps on or
    after a cycle are left out.
    """

    def __init__(self, graph: "Graph", wanted: Collection[str]) -> None:
        self.bits = {name: 1 << number for number, name in enumerate(sorted(wanted))}
        self.masks: dict[str, int] = {}
        self.ended: dict[str, int] = {}
        self.succeeded: dict[str, int] = {}
        if not wanted:
            return
        waiting = {step.name: sum(name in graph.by_name for name in step.after) for step in graph.steps}
        ready = [name for name, count in waiting.items() if not count]
        while ready:
            step = graph.by_name[ready.pop()]
            before = [name for name in step.after if name in graph.by_name]
            self.masks[step.name] = self._mask(self.masks, before)
            self.ended[step.name] = self._mask(self.ended, before) if patient(step) else 0
            self.succeeded[step.name] = self._mask(self.succeeded, before) if succeeded(step) else 0
            for follower in graph.followers[step.name]:
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)

    def _mask(self, masks: Mapping[str, int], before: Iterable[str]) -> int:
        mask = 0
        for name in before:
            mask |= masks[name] | self.bits.get(name, 0)
        return mask

    def has(self, masks: Mapping[str, int], step: str, name: str) -> bool:
        """Whether ``name``, one of the wanted steps, is in the mask of ``step``."""
        return bool(masks[step] & self.bits[name])
