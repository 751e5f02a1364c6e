"""One expression, understood and evaluated by Jinja2 in a sandbox: it sees data, and no code or private name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import GeneratorType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.core.steps import Json
from orchestrator.definition.expressions import Context, ExpressionError
from orchestrator.definition.wording import listed, quoted, shown
from orchestrator.suggestions import did_you_mean

ROOTS = ("params", "steps", "run")
OF_STEP = ("outputs", "status")
OF_RUN = ("id", "dir", "started_at")

#: ``steps.extract-orders.outputs``, where the name may hold '-' and '.'; text in quotes is passed over.
_STEP = re.compile(
    r"""(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?<![\w.])steps\.(?:(?P<name>[A-Za-z][\w.-]*?)\.(?=(?:outputs|status)\b)|(?P<loose>[A-Za-z][\w.-]*))""",
    re.DOTALL | re.ASCII | re.VERBOSE,
)

#: What evaluating an expression on data may raise: everything else would be a fault of ours.
_FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Mappings have their keys and nothing else: an output called ``items`` is that output."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._of(obj, attribute) if isinstance(obj, Mapping) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._of(obj, argument) if isinstance(obj, Mapping) else super().getitem(obj, argument)

    def _of(self, obj: Mapping[Any, Any], key: Any) -> Any:
        if isinstance(key, str) and key in obj:
            return obj[key]
        known = [name for name in obj if isinstance(name, str)]
        hint = did_you_mean(key, known) or (
            f": there is {listed(known[:10], 'and')}" if known else ": nothing is there"
        )
        return self.undefined(hint=f"there is no {shown(key)}{hint}")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(value, int | float) for value in (left, right)):
            raise TypeError(f"'{operator}' is for two numbers, and '**' is not to be had")
        return super().call_binop(context, operator, left, right)


_Sandbox.intercepted_binops = frozenset({"*", "**", "%"})
_ENVIRONMENT = _Sandbox(undefined=jinja2.StrictUndefined)
_ENVIRONMENT.globals.clear()
for _unwanted in ("attr", "random", "pprint", "xmlattr", "urlize", "format"):
    del _ENVIRONMENT.filters[_unwanted]

#: Filters that say how a value is put into a shell line. They change no value, and must be an expression's last.
FORMS = ("raw", "words")
for _form in FORMS:
    _ENVIRONMENT.filters[_form] = lambda value: value


@dataclass
class Meaning:
    """What an expression speaks of. ``wrong``: what no graph could make right. ``loose``: what follows ``steps.`` where
    no step's name can be told from it. ``form``: the last filter, if it is one of FORMS.
    """

    params: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    loose: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    form: str = ""

    @property
    def steps(self) -> frozenset[str]:
        return frozenset(self.names)


@lru_cache(maxsize=4096)
def meaning(source: str) -> Meaning:
    """What ``source``, the inside of one ``{{ }}``, speaks of. Never raises: what is wrong is in it."""
    result = Meaning()
    if not source:
        result.wrong.append("expected an expression between '{{' and '}}', came none")
        return result
    try:
        parser = Parser(_ENVIRONMENT, _rewritten(source, result), state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise jinja2.TemplateSyntaxError("expected its end", 1)  # noqa: TRY301
        if isinstance(tree, nodes.Filter) and tree.name in FORMS and tree.node is not None:
            result.form, tree = tree.name, tree.node
        _walk(tree, result)
    except jinja2.TemplateSyntaxError as error:
        if not result.loose:  # which says more
            result.wrong.append(f"the expression {quoted(source)} cannot be read: {error.message}")
    except (ValueError, RecursionError):
        result.wrong.append(f"the expression {quoted(source)} is nested too deeply, or a number in it too long")
    return result


def understood(source: str) -> Meaning:
    """``meaning``, or ExpressionError if anything is wrong that is wrong in every graph."""
    result = meaning(source)
    if result.loose:
        came = quoted(f"steps.{result.loose[0]}")
        raise ExpressionError(f"expected steps.<name>.outputs.<key> or steps.<name>.status, came {came}")
    if result.wrong:
        raise ExpressionError(result.wrong[0])
    return result


def evaluate(source: str, context: Context) -> Json:
    """The value of ``source`` in ``context``, as plain JSON data. Raises ExpressionError."""
    try:
        return _plain(_compiled(source)(context))
    except _FAILURES as error:
        reason = error.message if isinstance(error, jinja2.TemplateError) else str(error)
        raise ExpressionError(f"{{{{ {source} }}}}: {reason or type(error).__name__}") from error


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Callable[[Context], object]:
    understood(source)
    return _ENVIRONMENT.compile_expression(_rewritten(source, Meaning()), undefined_to_none=False)


def _plain(value: object) -> Json:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return str(value)
        case list() | tuple() | GeneratorType():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case jinja2.Undefined():
            return str(value)  # a strict one raises, with its reason
        case _:
            raise TypeError(f"expected a value that JSON can hold, came a Python {type(value).__name__}")


def _rewritten(source: str, result: Meaning) -> str:
    """``steps.a-b.outputs`` as ``steps['a-b'].outputs``, which is what Jinja reads."""

    def bracketed(match: re.Match[str]) -> str:
        if match["quoted"]:
            return match["quoted"]
        if match["name"]:
            return f"steps['{match['name']}']."
        result.loose.append(match["loose"])
        return "params"  # anything that can be read: the rest of the expression is to be looked at too

    return _STEP.sub(bracketed, source)


def _walk(node: nodes.Node, result: Meaning) -> None:
    keys: list[str | None] = []
    base = node
    while isinstance(base, nodes.Getattr | nodes.Getitem):
        if isinstance(base, nodes.Getattr):
            keys.append(base.attr)
        else:
            keys.append(base.arg.value if isinstance(base.arg, nodes.Const) else None)
            _walk(base.arg, result)
        base = base.node
    if isinstance(base, nodes.Name):
        _use(base.name, keys[::-1], result)
        return
    if isinstance(base, nodes.Filter | nodes.Test):
        known = _ENVIRONMENT.filters if isinstance(base, nodes.Filter) else _ENVIRONMENT.tests
        if base.name not in known:
            what = type(base).__name__.lower()
            result.wrong.append(f"no {what} is called '{base.name}'{did_you_mean(base.name, known)}")
        elif base.name in FORMS:
            result.wrong.append(f"'{base.name}' must be the last filter of an expression")
    for child in base.iter_child_nodes():
        _walk(child, result)


def _use(root: str, keys: list[str | None], result: Meaning) -> None:
    """Take down one use of a name, with the keys that follow it."""
    match root, keys:
        case ("params", []):
            pass
        case ("params", [str(name), *_]):
            result.params.add(name)
        case ("steps", [str(name), "outputs", *_]) | ("steps", [str(name), "status"]):
            result.names.add(name)
        case ("steps", [str(name), str(attribute), *_]):
            result.wrong.append(_no_part("a step", OF_STEP, attribute))
            result.names.add(name)
        case ("steps", _):
            result.wrong.append("expected steps.<name>.outputs.<key> or steps.<name>.status, came 'steps' without them")
        case ("run", [str(name)]):
            if name not in OF_RUN:
                result.wrong.append(_no_part("run", OF_RUN, name))
        case ("params" | "run", _):
            result.wrong.append(
                f"expected a name after '{root}', such as {root}.{'date' if root == 'params' else 'id'}"
            )
        case _:
            hint = did_you_mean(root, ROOTS) or f": an expression can use {listed(ROOTS, 'and')}"
            result.wrong.append(f"nothing is called '{root}'{hint}")


def _no_part(owner: str, parts: tuple[str, ...], came: str) -> str:
    return f"{owner} has {listed(parts, 'and')}, not '{came}'{did_you_mean(came, parts)}"
