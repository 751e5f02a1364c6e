"""Static analysis of an expression: what it refers to, and which mistakes it has in any graph."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser

from orchestrator.core.values import DEPTH
from orchestrator.expressions.sandbox import ENVIRONMENT, FORMS, bracketed
from orchestrator.expressions.template import ExpressionError
from orchestrator.text import did_you_mean, listed, quoted

ROOTS = ("params", "steps", "run")
OF_STEP = ("outputs", "status")
OF_RUN = ("id", "dir", "started_at", "started_at_epoch", "time_zone", "deployment")

#: ``steps.a.outputs.row-count``, which Jinja reads as a difference.
_DASHED = re.compile(
    r"(?P<of>steps(?:\.[A-Za-z][\w.-]*?|\[[^\]]*\])\.outputs(?:\.\w+)*)\.(?P<key>\w+(?:-\w+)+)", re.ASCII
)

#: ``- 1 day``, which people write and Jinja cannot parse.
_SOME_DAYS = re.compile(r"([+-])\s*(\d+)\s*(day|hour)s?\b")

#: Filters and tests that handle missing values.
_DEFAULTS = frozenset({"default", "d", "defined", "undefined"})


@dataclass
class Meaning:
    """What an expression refers to. ``wrong``: its mistakes, whatever the graph. ``loose``: what follows ``steps.``
    where the step's name is unclear. ``form``: the last filter, if it is one of FORMS. ``needed``: the steps whose
    outputs it needs without checking their status or whether there is an output. ``run``: the keys of ``run`` that it
    uses; ``deployment``: those of ``run.deployment``. ``all_params``: it uses ``params`` as a whole.
    ``item``: it uses the item of a mapped step, or its index.
    """

    params: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    run: set[str] = field(default_factory=set)
    deployment: set[str] = field(default_factory=set)
    all_params: bool = False
    item: bool = False
    loose: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    form: str = ""

    @property
    def steps(self) -> frozenset[str]:
        return frozenset(self.names)


@lru_cache(maxsize=4096)
def meaning(source: str) -> Meaning:
    """What ``source``, the inside of one ``{{ }}``, refers to. Never raises: mistakes are in ``wrong``."""
    result = Meaning()
    if not source:
        result.wrong.append("expected an expression between '{{' and '}}', got none")
        return result
    text, result.loose = bracketed(source)
    try:
        parser = Parser(ENVIRONMENT, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise jinja2.TemplateSyntaxError("expected its end", 1)  # noqa: TRY301
        if isinstance(tree, nodes.Filter) and tree.name in FORMS and tree.node is not None:
            result.form, tree = tree.name, tree.node
        _Walk(result).walk(tree)
    except jinja2.TemplateSyntaxError as error:
        if not result.loose:  # whose message says more
            result.wrong.append(f"the expression {quoted(source)} cannot be read: {error.message}{_days(source)}")
    except Exception:  # noqa: BLE001 - unforeseen errors in users' texts
        result.wrong.append(f"the expression {quoted(source)} is nested too deeply, or a number in it too long")
    result.wrong = _with_brackets(source, result.wrong)
    return result


def understood(source: str) -> Meaning:
    """Like ``meaning``, but raises ExpressionError if there is a mistake."""
    result = meaning(source)
    if result.loose:
        came = quoted(f"steps.{result.loose[0]}")
        raise ExpressionError(f"expected steps.<name>.outputs.<key> or steps.<name>.status, got {came}")
    if result.wrong:
        raise ExpressionError(result.wrong[0])
    return result


def _days(source: str) -> str:
    match = _SOME_DAYS.search(source)
    return f": use a filter to move a date, such as | add_{match[3]}s({match[1].strip('+')}{match[2]})" if match else ""


def _with_brackets(source: str, wrong: list[str]) -> list[str]:
    """The mistakes, improved where a key that contains '-' was probably meant."""
    for match in _DASHED.finditer(source) if wrong else ():
        unknown = tuple(f"nothing is called '{part}'" for part in match["key"].split("-")[1:])
        rest = [text for text in wrong if not text.startswith((*unknown, "the expression "))]
        if len(rest) < len(wrong):
            wrong = [*rest, f"a key with '-' in it is written in brackets: {match['of']}['{match['key']}']"]
    return wrong


class _Walk:
    """Records what the nodes of one expression use."""

    def __init__(self, result: Meaning) -> None:
        self.result = result
        self.asked: set[str] = set()

    def walk(self, node: nodes.Node) -> None:
        self._walk(node, needed=True)
        self.result.needed -= self.asked

    def _walk(self, node: nodes.Node, *, needed: bool, depth: int = 0) -> None:
        """``needed``: the value depends on what is used here. Raises RecursionError before Python itself would."""
        if depth > DEPTH:
            raise RecursionError
        keys: list[str | None] = []
        base = node
        while isinstance(base, nodes.Getattr | nodes.Getitem):
            if isinstance(base, nodes.Getattr):
                keys.append(base.attr)
            else:
                keys.append(base.arg.value if isinstance(base.arg, nodes.Const) else None)
                self._walk(base.arg, needed=needed, depth=depth + 1)
            base = base.node
        if isinstance(base, nodes.Name):
            self._use(base.name, keys[::-1], needed=needed)
            return
        gives = isinstance(base, nodes.Filter | nodes.Test) and self._named(base) in _DEFAULTS
        for child in base.iter_child_nodes():
            self._walk(child, needed=needed and not gives, depth=depth + 1)
            if gives and isinstance(base, nodes.Test):
                self.asked |= self._steps_in(child)

    def _steps_in(self, node: nodes.Node) -> set[str]:
        inner = Meaning()
        _Walk(inner)._walk(node, needed=False)
        return inner.names

    def _named(self, node: nodes.Filter | nodes.Test) -> str:
        """The name of a filter or a test; an unknown one is a mistake."""
        known = ENVIRONMENT.filters if isinstance(node, nodes.Filter) else ENVIRONMENT.tests
        if node.name not in known:
            what = type(node).__name__.lower()
            self.result.wrong.append(f"no {what} is called '{node.name}'{did_you_mean(node.name, known)}")
        elif node.name in FORMS:
            self.result.wrong.append(f"'{node.name}' must be the last filter of an expression")
        return node.name

    def _of_run(self, name: str, keys: list[str | None]) -> None:
        result = self.result
        result.run.add(name)
        if name not in OF_RUN:
            result.wrong.append(_no_part("run", OF_RUN, name))
        elif name == "deployment" and keys and isinstance(keys[0], str):
            result.deployment.add(keys[0])
        elif name == "deployment":
            result.wrong.append("expected a name after 'run.deployment', such as run.deployment.bucket")

    def _use(self, root: str, keys: list[str | None], *, needed: bool) -> None:
        """Record one use of a name, with the keys that follow it."""
        result = self.result
        match root, keys:
            case ("item" | "index", _):
                result.item = True
            case ("params", []):
                result.all_params = True
            case ("params", [str(name), *_]):
                result.params.add(name)
            case ("steps", [str(name), "outputs", *rest]):
                result.names.add(name)
                if rest and needed:
                    result.needed.add(name)
            case ("steps", [str(name), "status", *rest]):
                result.names.add(name)
                self.asked.add(name)
                if rest and not (isinstance(rest[0], str) and hasattr(str, rest[0])):
                    result.wrong.append(f"the status of a step is text: nothing is in it, got {quoted(str(rest[0]))}")
            case ("steps", [str(name), str(attribute), *_]):
                result.wrong.append(_no_part("a step", OF_STEP, attribute))
                result.names.add(name)
            case ("steps", _):
                expected = "expected steps.<name>.outputs.<key> or steps.<name>.status"
                result.wrong.append(f"{expected}, got 'steps' without them")
            case ("run", [str(name), *_]):
                self._of_run(name, keys[1:])
            case ("params" | "run", _):
                example = "params.date" if root == "params" else "run.id"
                result.wrong.append(f"expected a name after '{root}', such as {example}")
            case _:
                hint = did_you_mean(root, ROOTS) or f": an expression can use {listed(ROOTS, 'and')}"
                result.wrong.append(f"nothing is called '{root}'{hint}")


def _no_part(owner: str, parts: tuple[str, ...], came: str) -> str:
    return f"{owner} has {listed(parts, 'and')}, not '{came}'{did_you_mean(came, parts)}"
