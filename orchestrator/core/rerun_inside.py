"""What a rerun runs again inside a step whose job is a run: a graph's steps, or the items of a mapped step. Pure.

They are named as in a path: ``load/count``, ``per-file/per-file.17``. A step inside which something is named runs
again; what is good inside it is kept, as it is inside a step that failed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from orchestrator.core.mapped import MAX_ITEMS
from orchestrator.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user wants to run again. ``start``: these, besides what did not succeed. ``only``: these, and not what
    did not succeed. ``everything``: all steps. What is downstream of a step that runs again does so too, in any case,
    if it has to wait for that. Names may be paths.
    """

    start: Collection[str] = ()
    only: Collection[str] = ()
    everything: bool = False

    def inside(self, step: str) -> "Selection":
        """What is named inside a step, as seen from there."""
        return replace(self, start=tuple(_beneath(self.start, step)), only=tuple(_beneath(self.only, step)))

    @property
    def names(self) -> tuple[str, ...]:
        """All that is named."""
        return (*self.start, *self.only)


@dataclass(frozen=True, slots=True)
class Inside:
    """What becomes of the steps inside a step that runs again. ``again``: their names. ``kept``: how many others."""

    again: tuple[str, ...]
    kept: int


def step_named(plan: Plan, name: str) -> str | None:
    """The step that a user calls ``name``; of a mapped step's, the item's number is enough. None if there is none."""
    if name in plan.numbers:
        return name
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= len(str(MAX_ITEMS)) else -1
    if 0 <= number < len(plan.steps) and (found := plan.steps[number].name).endswith(f".{number}"):
        return found
    return None


def paths(names: Collection[str]) -> tuple[str, ...]:
    """Those of ``names`` that are inside a step."""
    return tuple(name for name in names if "/" in name)


def _beneath(names: Collection[str], step: str) -> Iterator[str]:
    return (name.removeprefix(f"{step}/") for name in names if name.startswith(f"{step}/"))
