"""Watches the steps that a number lets run before all have arrived: none begins too early, nor waits too long."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil, inf, log

from orchestrator.core.model import Status, StepState
from orchestrator.core.plan import Plan, Role
from tests.simulation.oracle import HOP
from tests.simulation.scenario import Scenario
from tests.simulation.weather import MAX_SKEW

#: The rules that have a number.
NUMBERED = ("at_least", "all_done_within")


@dataclass
class Punctual:
    """``clock``: the world's own. ``began``: when the run did, which tells when what it keeps has arrived."""

    scenario: Scenario
    plan: Plan
    clock: Callable[[], float]
    began: Callable[[], float]
    _arrived: dict[int, dict[int, tuple[float, Status]]] = field(default_factory=dict)
    _late: list[tuple[int, str]] = field(default_factory=list)
    early: int = 0
    parts: int = 0

    def __post_init__(self) -> None:
        self._behind: dict[int, list[int]] = {}
        for number, step in enumerate(self.plan.steps):
            for name in step.after if step.trigger in NUMBERED else ():
                self._behind.setdefault(self.plan.numbers[name], []).append(number)

    def changed(self, node: int, old: StepState, new: StepState) -> Iterator[str]:
        """A state was changed: what is wrong with the moment."""
        if new.status.final and not old.status.final:
            for step in self._behind.get(node, ()):
                self._arrived.setdefault(step, {})[node] = (self.clock(), new.status)
        if node < len(self.plan.steps) and old.status is Status.PENDING and new.status is not Status.PENDING:
            yield from self._begins(node, new)

    def waits(self, old: StepState, new: StepState) -> bool:
        """Whether a pending step was limited for the first time, or a pending gate passed something on, and no more."""
        first, over = old.due is None and new.due, old.due and new.due == 0
        limited = bool(first or over) and new == replace(old, due=new.due)
        passed = new.passed is not None and new == replace(old, passed=new.passed) and new.passed != old.passed
        self.parts += passed
        return old.status is Status.PENDING and (limited or passed)

    def late(self, touched: set[int]) -> Iterator[str]:
        """The steps that waited too long, where nothing else delays what is owed."""
        yield from (said for node, said in self._late if node not in touched)

    def _begins(self, node: int, new: StepState) -> Iterator[str]:
        step, now = self.plan.steps[node], self.clock()
        arrived = self._arrivals(node)
        if step.trigger not in NUMBERED or new.cause == "trigger" or not step.after:
            return
        missing = len(step.after) - len(arrived)
        times = sorted(at for at, status in arrived if step.trigger != "at_least" or status is Status.SUCCEEDED)
        if step.trigger == "at_least":
            assert step.at_least is not None
            due = times[step.at_least - 1] if len(times) >= step.at_least else inf
        else:
            assert step.within is not None
            due = min(times, default=inf) + step.within
        if missing and now < due - 3 * MAX_SKEW * (step.trigger != "at_least"):
            yield f"{step.name}: went on at {now}, before {due}, and {missing} before it had not ended"
        self.early += missing > 0
        last = max((at for at, _ in arrived), default=inf) if not missing else inf
        waits = step.pool is not None or self.plan.max_parallel is not None
        hops = (4 + 2 * ceil(log(len(step.after) + 1, self.scenario.wide))) * HOP
        if now > min(due, last) + hops and new.control is None and new.stop is None and not waits:
            self._late.append((node, f"{step.name}: went on at {now}, and could since {min(due, last)}"))

    def _arrivals(self, node: int) -> list[tuple[float, Status]]:
        """When each of the steps before a step ended, and how; what is kept has been there since the run began."""
        kept = [
            (self.began(), Status.SUCCEEDED)
            for name in self.plan.steps[node].after
            if self.plan.nodes[self.plan.numbers[name]].role is Role.KEPT
        ]
        return [*self._arrived.get(node, {}).values(), *kept]
