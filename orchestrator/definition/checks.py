"""Checks before any run that the expressions of a graph name params and steps that exist and come before."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.core.kinds import kind_of, only_on_machine
from orchestrator.core.rules import IMPATIENT
from orchestrator.core.steps import Step, Work
from orchestrator.definition.kinds import place
from orchestrator.definition.upstream import Ancestors, succeeded
from orchestrator.errors import Problem
from orchestrator.expressions import Code, ExpressionError, condition, pieces, shell
from orchestrator.expressions.meaning import OF_STEP, Meaning, meaning
from orchestrator.text import Path, Suggestions, listed, quoted

if TYPE_CHECKING:
    from orchestrator.core.graph import Graph


def check(graph: "Graph", steps: Collection[str] | None = None, params: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the expressions of ``graph``.

    ``steps`` and ``params``: the names in the document, if some were too wrong to be in the graph.
    """
    return _checked(graph, steps, params).problems


def doubts(graph: "Graph") -> list[Problem]:
    """What is not wrong but may fail in a run: outputs of steps that may have been skipped or have failed."""
    return _checked(graph).doubts


def _checked(graph: "Graph", steps: Collection[str] | None = None, params: Collection[str] | None = None) -> "_Checker":
    checker = _Checker(graph, steps, params)
    for step in graph.steps:
        checker.look_at_name(step)
    for step in graph.works:
        for written in _texts(step):
            checker.look(step, written)
    checker.look_upstream()
    checker.look_at_outputs()
    return checker


class _Checker:
    """Collects the problems of one graph's expressions."""

    def __init__(self, graph: "Graph", steps: Collection[str] | None, params: Collection[str] | None) -> None:
        self.graph = graph
        self.steps = steps if steps is not None else graph.by_name
        self.params = params if params is not None else {param.name for param in graph.params}
        self.problems: list[Problem] = []
        self.doubts: list[Problem] = []
        self.suggest = Suggestions()
        self.doubtful: list[_Use] = []
        self.deployable = not only_on_machine(graph.all_steps)

    def look_at_name(self, step: Step) -> None:
        for part in step.name.split(".")[1:]:
            if part in OF_STEP:
                owner = step.name.partition(f".{part}")[0]
                why = f"steps.{owner}.{part} means the {part} of step {quoted(owner)}"
                fix = f"write {quoted(step.name.replace(f'.{part}', f'-{part}'))}"
                self.problems.append(Problem(("steps", step.name), f"a step cannot have this name: {why}: {fix}"))
                return

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
                if found.item and not self._in_body(step, path):
                    self.problems.append(Problem(path, _NO_ITEM))
                if "dir" in found.run and self._in_cloud(step, path):
                    self.problems.append(Problem(path, _NO_DIR))
                if "deployment" in found.run and not self._in_cloud(step, path):
                    self.problems.append(Problem(path, _NO_DEPLOYMENT))
                certain = succeeded(step)
                self.doubtful += [
                    _Use(step, path, name, name in found.needed)
                    for name in sorted(found.names)
                    if name not in certain or name not in self.steps
                ]
                if found.form == "words" and not written.shell:
                    self.problems.append(Problem(path, "'words' is only for shell scripts, and this is not one"))
        if written.shell:
            self.problems += [Problem(path, wrong) for wrong in shell.wrong(text)]
        self.problems += [Problem(path, wrong) for wrong in written.code]

    def look_at_outputs(self) -> None:
        """Check the outputs of the graph itself, which see all its steps."""
        for path, text in _within(("outputs",), dict(self.graph.outputs)):
            try:
                found = [meaning(part) for part in pieces(text) if isinstance(part, Code)]
            except ExpressionError as error:
                self.problems.append(Problem(path, str(error)))
                continue
            self.problems += [Problem(path, wrong) for one in found for wrong in (*one.wrong, *self._unknown(one))]
            self.problems += [Problem(path, _NO_ITEM) for one in found if one.item]

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
        """What is wrong with ``steps.`` and ``text``, judged by the longest step name that it begins with."""
        words = text.split(".")
        for count in range(len(words), 0, -1):
            if (name := ".".join(words[:count])) in self.steps:
                if count == len(words):
                    return f"expected steps.{name}.outputs.<key> or steps.{name}.status, got {quoted('steps.' + name)}"
                came = words[count]
                return f"a step has {listed(OF_STEP, 'and')}, not {quoted(came)}{self.suggest(came, OF_STEP)}"
        hint = self.suggest(words[0], self.steps)
        return f"expected steps.<name>.outputs.<key> or steps.<name>.status, got {quoted('steps.' + text)}{hint}"

    def _in_body(self, step: Step, path: Path) -> bool:
        """Whether what is written at ``path`` is evaluated for each item of a list."""
        mapped = self.graph.by_name.get(step.name)
        return mapped is not None and kind_of(mapped.work).maps and path[2] not in ("map", "when")

    def _in_cloud(self, step: Step, path: Path) -> bool:
        """Whether what is written at ``path`` is for the cloud."""
        kind = kind_of(step.work)
        return path[2] != "local" and (kind.cloud_only or (kind.in_cloud and self.deployable))

    def look_upstream(self) -> None:
        """Check the uses of steps that exist but do not come before the step that uses them, or may have no outputs."""
        uses = [use for use in self.doubtful if use.name in self.graph.by_name]
        before = Ancestors(self.graph, {use.name for use in uses})
        for step, path, name, needed in uses:
            if name == step.name:
                self.problems.append(Problem(path, "a step cannot use its own outputs or status"))
            elif step.name in before.masks and not before.has(before.masks, step.name, name):
                fix = "add it to 'after'"
                self.problems.append(Problem(path, f"step {quoted(name)} does not come before this one: {fix}"))
            elif step.name in before.masks and not before.has(before.ended, step.name, name):
                rules = listed(sorted(IMPATIENT))
                why = f"a trigger in between ({rules}) does not wait for all"
                self.problems.append(Problem(path, f"step {quoted(name)} may still be running then, because {why}"))
            elif needed and step.name in before.masks and not before.has(before.succeeded, step.name, name):
                fix = "give a default, as in {{ steps." + name + ".outputs.rows | default(0) }}"
                text = f"step {quoted(name)} may have been skipped or have failed, and then it has no outputs: {fix}"
                self.doubts.append(Problem(path, text))


class _Use(NamedTuple):
    """A step's use of another. ``needed``: it fails if that one has no outputs."""

    step: Step
    path: Path
    name: str
    needed: bool


_NO_DIR = (
    "run.dir is a folder that steps share on one machine, and this runs in the cloud: "
    "write a path in a bucket, such as gs://bucket/{{ run.id }}"
)


_NO_ITEM = "item and index exist only in a step with 'map', in what it does for each item"


_NO_DEPLOYMENT = "run.deployment exists only in the cloud, and this part runs on one machine: use a param"


class _Text(NamedTuple):
    """A text that may hold an expression, and where it was written. ``shell``: it is a line for a shell.

    ``code``: why an expression in it is refused, if the program that receives it reads it as code.
    """

    path: Path
    text: str
    shell: bool = False
    code: tuple[str, ...] = ()


def _texts(step: Step) -> Iterator[_Text]:
    """Every text of a step that may hold an expression."""
    path: Path = ("steps", step.name)
    if step.when is not None:
        yield _Text((*path, "when"), step.when)
    yield from _of_work((*path, *place(step)), step.work)
    if step.local is not None:
        yield from _of_work((*path, "local"), step.local)


def _of_work(path: Path, work: Work) -> Iterator[_Text]:
    if kind_of(work).maps:
        yield from (_Text(at, text) for at, text in _within((*path, "map"), work.spec["over"]))
        return
    for key, value in work.spec.items():
        line: Path | None = None
        code: dict[Path, tuple[str, ...]] = {}
        if key == "command":
            for word, wrong in shell.code_in(value):
                code[(*path, key, word)] = (*code.get((*path, key, word), ()), wrong)
            number = shell.line_in(value)
            line = (*path, key) if number is None else (*path, key, number)
        for at, text in _within((*path, key), value, line):
            yield _Text(at, text, at == line, code.get(at, ()))


def _within(path: Path, value: object, line: Path | None = None) -> Iterator[tuple[Path, str]]:
    match value:
        case str():
            if "{{" in value or (path == line and shell.PARAM in value):
                yield path, value
        case list() | tuple():
            for number, item in enumerate(value):
                yield from _within((*path, number), item, line)
        case dict():
            for key, item in value.items():
                yield from _within((*path, key), item, line)
