"""The edges of a document: ``after`` and ``next``, put together. Cycles are found elsewhere, by the core."""

from collections.abc import Collection, Mapping

from orchestrator.definition.schema import StepKeys
from orchestrator.errors import Problem
from orchestrator.text import Suggestions, shown


def edges(steps: Mapping[str, StepKeys], names: Collection[str]) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Each step's predecessors, sorted, each once; and the names that are no step's. ``names``: all that were written.

    A step that was written, but too wrong to be in ``steps``, is neither an edge nor a problem.
    """
    before: dict[str, set[str]] = {name: set() for name in steps}
    problems = []
    suggest = Suggestions()
    for name, step in steps.items():
        for key, others in (("after", step.after), ("next", step.next)):
            for number, other in enumerate(others or ()):
                if other == name:
                    wrong = f"a step cannot come {'after' if key == 'after' else 'before'} itself"
                elif other not in names:
                    wrong = f"no step is called {shown(other)}{suggest(other, names)}"
                else:
                    first, second = (other, name) if key == "after" else (name, other)
                    if first in before and second in before:
                        before[second].add(first)
                    continue
                problems.append(Problem(("steps", name, key, number), wrong))
    return {name: tuple(sorted(others)) for name, others in before.items()}, problems
