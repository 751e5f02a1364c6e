"""Whether the expressions of a graph name what is there, and upstream: found before any run. It evaluates none."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.core.rules import IMPATIENT
from orchestrator.core.steps import Step, Work
from orchestrator.definition import shell
from orchestrator.definition.expressions import Code, ExpressionError, condition, pieces
from orchestrator.definition.sandbox import OF_STEP, Meaning, meaning
from orchestrator.definition.wording import Path, listed, quoted
from orchestrator.errors import Problem
from orchestrator.suggestions import Suggestions

if TYPE_CHECKING:
    from orchestrator.core.graph import Graph


def check(graph: "Graph", steps: Collection[str] | None = None, params: Collection[str] | None = None) -> list[Problem]:
    """All that is wrong with the expressions of ``graph``.

    ``steps`` and ``params``: the names that were written, where some were too wrong to be in the graph.
    """
    checker = _Checker(graph, steps, params)
    for step in graph.steps:
        for written in _texts(step):
            checker.look(step, written)
    return checker.problems + checker.not_upstream()


class _Checker:
    """Collects the problems of one graph's expressions."""

    def __init__(self, graph: "Graph", steps: Collection[str] | None, params: Collection[str] | None) -> None:
        self.graph = graph
        self.steps = steps if steps is not None else graph.by_name
        self.params = params if params is not None else {param.name for param in graph.params}
        self.problems: list[Problem] = []
        self.suggest = Suggestions()
        self.doubtful: list[tuple[Step, Path, str]] = []

    def look(self, step: Step, written: "_Text") -> None:
        path, text = written.path, written.text
        try:
            parts = [condition(text)] if path[-1] == "when" else pieces(text)
        except ExpressionError as error:
            self.problems.append(Problem(path, str(error)))
            return
        for part in parts:
            if isinstance(part, Code):
                found = meaning(part)
                self.problems += [Problem(path, wrong) for wrong in (*found.wrong, *self._unknown(found))]
                certain = () if step.trigger in IMPATIENT else step.after
                self.doubtful += [(step, path, name) for name in sorted(found.names) if name not in certain]
                if found.form == "words" and not written.shell:
                    self.problems.append(Problem(path, "'words' is for a shell line, and this is none"))
        if written.shell:
            self.problems += [Problem(path, wrong) for wrong in shell.wrong(text)]

    def _unknown(self, found: Meaning) -> Iterator[str]:
        for name in sorted(found.params):
            if name not in self.params:
                yield f"no param is called {quoted(name)}{self.suggest(name, self.params)}"
        for name in sorted(found.names):
            if name not in self.steps:
                yield f"no step is called {quoted(name)}{self.suggest(name, self.steps)}"
        for text in found.loose:
            yield self._loose(text)

    def _loose(self, text: str) -> str:
        """What is wrong with ``steps.`` and ``text``: the longest name of a step that it begins with tells."""
        words = text.split(".")
        for count in range(len(words), 0, -1):
            if (name := ".".join(words[:count])) in self.steps:
                if count == len(words):
                    return f"expected steps.{name}.outputs.<key> or steps.{name}.status, came {quoted('steps.' + name)}"
                came = words[count]
                return f"a step has {listed(OF_STEP, 'and')}, not {quoted(came)}{self.suggest(came, OF_STEP)}"
        hint = self.suggest(words[0], self.steps)
        return f"expected steps.<name>.outputs.<key> or steps.<name>.status, came {quoted('steps.' + text)}{hint}"

    def not_upstream(self) -> list[Problem]:
        """The uses of steps that exist, but do not come before the step that uses them."""
        doubtful = [use for use in self.doubtful if use[2] in self.graph.by_name]
        before = _Ancestors(self.graph, {name for _, _, name in doubtful})
        problems = []
        for step, path, name in doubtful:
            if name == step.name:
                problems.append(Problem(path, "a step cannot use what it gives itself"))
            elif step.name in before.masks and not before.has(step.name, name):
                mend = "put it in 'after' to use what it gives"
                problems.append(Problem(path, f"step {quoted(name)} does not come before this one: {mend}"))
            elif step.name in before.masks and not before.ended(step.name, name):
                rules = listed(sorted(IMPATIENT))
                why = f"a trigger on the way ({rules}) does not wait for all"
                problems.append(Problem(path, f"step {quoted(name)} may still be running then, because {why}"))
        return problems


class _Ancestors:
    """Which of ``wanted`` come before each step, and which have surely ended when it runs: a bit each.

    An impatient rule does not wait for all, so nothing that comes before such a step has surely ended. Steps on a
    cycle, or after one, are left out.
    """

    def __init__(self, graph: "Graph", wanted: Collection[str]) -> None:
        self.bits = {name: 1 << number for number, name in enumerate(sorted(wanted))}
        self.masks: dict[str, int] = {}
        self.sure: dict[str, int] = {}
        if not wanted:
            return
        waiting = {step.name: sum(name in graph.by_name for name in step.after) for step in graph.steps}
        ready = [name for name, count in waiting.items() if not count]
        while ready:
            step = graph.by_name[ready.pop()]
            before = [name for name in step.after if name in graph.by_name]
            self.masks[step.name] = self._mask(self.masks, before)
            self.sure[step.name] = 0 if step.trigger in IMPATIENT else self._mask(self.sure, before)
            for follower in graph.digraph.successors(step.name):
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)

    def _mask(self, masks: Mapping[str, int], before: Iterable[str]) -> int:
        mask = 0
        for name in before:
            mask |= masks[name] | self.bits.get(name, 0)
        return mask

    def has(self, step: str, name: str) -> bool:
        """Whether ``name``, one of those wanted, comes before ``step``."""
        return bool(self.masks[step] & self.bits[name])

    def ended(self, step: str, name: str) -> bool:
        """Whether ``name``, one of those wanted, has surely ended when ``step`` runs."""
        return bool(self.sure[step] & self.bits[name])


class _Text(NamedTuple):
    """A text that may hold an expression, and where it was written. ``shell``: it is a line for a shell."""

    path: Path
    text: str
    shell: bool = False


def _texts(step: Step) -> Iterator[_Text]:
    """Every text of a step that may hold an expression."""
    path: Path = ("steps", step.name)
    if step.when is not None:
        yield _Text((*path, "when"), step.when)
    yield from _of_work((*path, "dataflow") if step.work.kind == "dataflow" else path, step.work)
    if step.local is not None:
        yield from _of_work((*path, "local"), step.local)


def _of_work(path: Path, work: Work) -> Iterator[_Text]:
    for key, value in work.spec.items():
        lines = {(*path, key, number) for number in shell.lines(value)} if key == "command" else set()
        if key == "command" and isinstance(value, str):
            lines.add((*path, key))
        for place, text in _within((*path, key), value):
            yield _Text(place, text, place in lines)


def _within(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    match value:
        case str():
            if "{{" in value:
                yield path, value
        case list() | tuple():
            for number, item in enumerate(value):
                yield from _within((*path, number), item)
        case dict():
            for key, item in value.items():
                yield from _within((*path, key), item)
