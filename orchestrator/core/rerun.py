"""What a rerun runs again, and what it keeps: for each step, with the reason. Pure.

What is downstream of a step that runs again does so too, but for a step that need not wait for it: one whose trigger
rule is impatient, and for which the steps before it that are kept are enough. Such a step would begin at once, and do
the same again.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from orchestrator.core.joins import met_by
from orchestrator.core.model import Run, Status
from orchestrator.core.plan import Plan
from orchestrator.core.rerun_inside import Inside, Selection
from orchestrator.core.steps import Json, Step
from orchestrator.text import listed

_DOWNSTREAM = "downstream of "
_BAD = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})

#: Why a step runs again that the user has named, or inside which the user has named something.
NAMED = "named"
_INSIDE = "named inside it: "


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one step. ``status``: how it ended in the earlier run; None: it was not in that. ``why`` it runs
    again, or why it is kept although something speaks for running it again; empty for a step that is simply kept.
    ``inside``: what becomes of the steps inside it, if it runs again and keeps any.
    """

    step: str
    again: bool
    status: Status | None
    why: str = ""
    inside: Inside | None = None


@dataclass(frozen=True, slots=True)
class Rerun:
    """A rerun as it would start now. ``plan``: that of its graph. ``kept``: the number that each kept step has in it,
    and the number that it had in the earlier run. ``changed``: the params with other values, by name: before and now.
    ``file``: of the graph as it is now; None: it is as it was in the earlier run. ``removed``: steps that it lacks.
    """

    earlier: Run
    run: Run
    plan: Plan
    choices: tuple[Choice, ...]
    kept: Mapping[int, int]
    changed: Mapping[str, tuple[Json, Json]]
    file: str | None = None
    removed: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """The same as long as this rerun would do the same: whoever was shown it can ask for just that."""
        return self.run.key

    @property
    def again(self) -> list[Choice]:
        """The steps that run again."""
        return [choice for choice in self.choices if choice.again]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier run: its plan, and how each of its steps ended."""

    plan: Plan
    statuses: Mapping[int, Status]

    def step(self, name: str) -> Step | None:
        """Its step of that name."""
        number = self.plan.numbers.get(name)
        return None if number is None else self.plan.steps[number]

    def status(self, name: str) -> Status | None:
        """How its step of that name ended."""
        number = self.plan.numbers.get(name)
        return None if number is None else self.statuses.get(number)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different now. ``params``: the names of those with other values. ``reads``: why a step depends on these,
    or an empty text.
    """

    params: Collection[str] = ()
    reads: Callable[[Step, Collection[str]], str] = field(default=lambda _step, _params: "")

    def to(self, step: Step, before: Step) -> str:
        """Why ``step`` would not do what it did before; empty if nothing speaks for that."""
        if definition(step) != definition(before):
            return "its definition has changed"
        return self.reads(step, self.params) if self.params else ""


def choose(plan: Plan, earlier: Earlier, wanted: Selection, changes: Changes) -> list[Choice]:
    """The choice for each step of ``plan``, the plan of the graph as it is now, in the plan's order."""
    chosen: dict[str, Choice] = {}
    for number in plan.topological:
        step = plan.steps[number]
        status = earlier.status(step.name)
        before = next((name for name in step.after if chosen[name].again), None)
        why, again = _own(step, earlier, wanted, changes)
        if not again and before is not None:
            again = status in _BAD or not met_by(step, kept_before(step, chosen))
            unneeded = f"{before} runs again, for which its trigger {step.rule} need not wait"
            why = f"{_DOWNSTREAM}{_first(chosen, before)}" if again else unneeded
        chosen[step.name] = Choice(step.name, again, status, why)
    return [chosen[step.name] for step in plan.steps]


def kept_before(step: Step, chosen: Mapping[str, Choice]) -> list[Status]:
    """How the steps before ``step`` ended that are kept."""
    before = [chosen[name] for name in step.after]
    return [one.status for one in before if not one.again and one.status is not None]


def worth_keeping(plan: Plan, statuses: Mapping[int, Status], wanted: Selection) -> dict[int, Status]:
    """The steps that another attempt at the same run keeps, and how each ended: as in a rerun of it."""
    choices = choose(plan, Earlier(plan, statuses), wanted, Changes())
    return {plan.numbers[one.step]: one.status for one in choices if not one.again and one.status is not None}


def _own(step: Step, earlier: Earlier, wanted: Selection, changes: Changes) -> tuple[str, bool]:
    """Why a step runs again of itself, and whether it does."""
    before, status = earlier.step(step.name), earlier.status(step.name)
    if before is None or status is None:
        return "it is new", True
    if wanted.everything:
        return "all steps", True
    if step.name in wanted.start or step.name in wanted.only:
        return NAMED, True
    if within := wanted.inside(step.name).names:
        return f"{_INSIDE}{listed(within, 'and')}", True
    changed = changes.to(step, before)
    if wanted.only:
        return changed, False
    if status in _BAD:
        return str(status).replace("_", " "), True
    return changed, bool(changed)


def _first(chosen: Mapping[str, Choice], name: str) -> str:
    """The step because of which ``name`` runs again, if that is one of those before it."""
    why = chosen[name].why
    return why.removeprefix(_DOWNSTREAM) if why.startswith(_DOWNSTREAM) else name


def definition(step: Step) -> object:
    """What makes a step do what it does. How often it is tried, and how it is checked, is no part of that."""
    return step.work, step.inner, step.local, step.after, step.trigger, step.at_least, step.within, step.when
