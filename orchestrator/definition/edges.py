"""The edges of a document: the union of ``after`` and ``next``. The core finds cycles."""

from collections.abc import Collection, Mapping

from orchestrator.definition.schema import StepKeys
from orchestrator.errors import Problem
from orchestrator.text import Suggestions, shown


def edges(steps: Mapping[str, StepKeys], names: Collection[str]) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Each step's predecessors, sorted, each once; and names that no step has. ``names``: all in the document.

    A step in the document that is too wrong to be in ``steps`` is neither an edge nor a problem.
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
