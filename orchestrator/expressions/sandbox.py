"""One expression, evaluated by Jinja2 in a sandbox: it sees data, and no code or private name."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import GeneratorType
from typing import Any, cast

import jinja2
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.core.steps import Json
from orchestrator.core.values import misfit
from orchestrator.expressions import dates
from orchestrator.expressions.budget import METHODS, OTHER, bounded, budget, size, spend
from orchestrator.expressions.costs import COSTS
from orchestrator.expressions.template import Context, ExpressionError
from orchestrator.text import cut, did_you_mean, listed, said, shown

#: ``steps.extract-orders.outputs``, where the name may contain '-' and '.'; text in quotes is skipped.
_STEP = re.compile(
    r"""(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?<![\w.])steps\.(?:(?P<name>[A-Za-z][\w.-]*?)\.(?=(?:outputs|status)(?![\w-]))|(?P<loose>[A-Za-z][\w.-]*))""",
    re.DOTALL | re.ASCII | re.VERBOSE,
)

#: How many keys are searched for a similar one.
_TOLD = 1_000

#: Status of a step without outputs -> what happened to it.
_ENDED = {
    "skipped": "was skipped",
    "failed": "failed",
    "cancelled": "was cancelled",
    "upstream_failed": "never ran, because of a failure before it",
}


class _Outputs(dict[str, Any]):
    """The outputs of a step. ``why``: why there are none, if the step did not succeed."""

    why = ""


class _Missing(jinja2.StrictUndefined):
    """A missing value. Similar names are only searched for if the message is needed."""

    @property
    def _undefined_message(self) -> str:
        obj, key = self._undefined_obj, self._undefined_name
        if not isinstance(obj, Mapping) or self._undefined_hint:
            return super()._undefined_message
        if isinstance(obj, _Outputs) and obj.why:
            return f"{obj.why}, so it has no outputs: give a value for this case with | default(…)"
        return f"there is no {shown(key)}{_instead(key, [name for name in obj if isinstance(name, str)])}"


class _Generator(CodeGenerator):
    """Compiles ``~``, comparisons and slices to calls, so that they are limited like all calls."""

    def visit_Concat(self, node: jinja2.nodes.Concat, frame: Frame) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: jinja2.nodes.Compare, frame: Frame) -> None:
        self.write("environment.compared(")
        self.visit(node.expr, frame)
        for operand in node.ops:
            self.write(f", {operand.op!r}, ")
            self.visit(operand.expr, frame)
        self.write(")")

    def visit_Getitem(self, node: jinja2.nodes.Getitem, frame: Frame) -> None:
        if not isinstance(node.arg, jinja2.nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.sliced(")
        self.visit(node.node, frame)
        for part in (node.arg.start, node.arg.stop, node.arg.step):
            self.write(", ")
            self.visit(jinja2.nodes.Const(None) if part is None else part, frame)
        self.write(")")


class _Sandbox(ImmutableSandboxedEnvironment):
    """A mapping has only its keys: ``x.items`` is the output called ``items``, not a method."""

    code_generator_class = _Generator

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._of(obj, attribute) if isinstance(obj, Mapping) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._of(obj, argument) if isinstance(obj, Mapping) else super().getitem(obj, argument)

    def _of(self, obj: Mapping[Any, Any], key: Any) -> Any:
        if isinstance(key, str) and key in obj:
            return obj[key]
        return self.undefined(obj=obj, name=key)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator in "+-":
            if isinstance(left, str) and isinstance(right, int) and dates.LOOKS_LIKE_ONE.fullmatch(left):
                raise TypeError("use a filter to move a date, such as | add_days(-1)")
        elif operator == "**":
            raise TypeError("'**' is not supported")
        elif not all(isinstance(value, int | float) for value in (left, right)):
            raise TypeError(f"'{operator}' needs two numbers")
        made = super().call_binop(context, operator, left, right)
        spend(size(made))
        return made

    def call(self, context: Any, obj: Any, /, *args: Any, **named: Any) -> Any:
        value, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(obj, jinja2.Undefined):
            return super().call(context, obj)  # which raises the error about what is missing
        if name not in METHODS or not isinstance(value, str | list | tuple):
            raise TypeError(f"'{name or type(obj).__name__}(…)' cannot be called here")
        return bounded(name, lambda _, *given, **more: super(_Sandbox, self).call(context, obj, *given, **more))(
            value, *args, **named
        )

    @staticmethod
    def joined(parts: Iterable[object]) -> str:
        return str(bounded("~", lambda *given: "".join(map(str, given)))(*parts))

    @staticmethod
    def compared(left: object, *rest: Any) -> object:
        """``1 < 2 < 3``: the value of the first comparison that is false, or of the last."""
        held: object = True
        for word, right in zip(rest[::2], rest[1::2], strict=True):
            held = bounded(word, _COMPARISONS[word])(left, right)
            if not held:
                break
            left = right
        return held

    @staticmethod
    def sliced(value: Any, *bounds: Any) -> object:
        return bounded("[:]", lambda value, *bounds: value[slice(*bounds)])(value, *bounds)


def _instead(key: object, known: list[str]) -> str:
    """A hint at the keys that may have been meant by a missing one."""
    known = known[:_TOLD]
    if isinstance(key, str) and (
        longer := [name for name in known if re.match(rf"{re.escape(key)}[^A-Za-z0-9_]", name)]
    ):
        return f": write ['{longer[0]}'] if you mean that key"
    hint = did_you_mean(key, known)
    return hint or (f": there is {listed(known[:10], 'and')}" if known else ": it is empty")


_Sandbox.intercepted_binops = frozenset({"*", "**", "%", "+", "-"})

_COMPARISONS: dict[str, Callable[[Any, Any], object]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda one, many: one in many,
    "notin": lambda one, many: one not in many,
}

ENVIRONMENT = _Sandbox(undefined=_Missing)
ENVIRONMENT.globals.clear()
ENVIRONMENT.filters |= {"add_days": dates.add_days, "add_hours": dates.add_hours, "format": dates.written}

#: Filters that say how a value is inserted into a shell line. They do not change it, and must be the last filter.
FORMS = ("raw", "words")
ENVIRONMENT.filters |= {form: lambda value: value for form in FORMS}
ENVIRONMENT.filters = {name: bounded(name, call) for name, call in ENVIRONMENT.filters.items() if name in COSTS}
ENVIRONMENT.tests = {
    name: bounded(name, cast("Callable[..., Any]", call)) for name, call in ENVIRONMENT.tests.items() if name in COSTS
}


def evaluate(source: str, context: Context) -> Json:
    """The value in ``context`` of ``source``, a valid expression, as plain JSON data.

    Raises only ExpressionError: a filter may raise anything, and a very long expression exceeds Python's own limits.
    """
    try:
        with budget():
            value = _plain(_compiled(source)({**context, "steps": _told(context.get("steps", {}))}))
        wrong = misfit(value)
    except Exception as error:
        reason = error.message if isinstance(error, jinja2.TemplateError) else said(error)
        raise ExpressionError(f"{{{{ {source} }}}}: {cut(reason or '') or type(error).__name__}") from error
    if wrong is not None:
        raise ExpressionError(f"{{{{ {source} }}}}: {wrong}")
    return value


def bracketed(source: str) -> tuple[str, list[str]]:
    """``source`` with ``steps['a-b'].outputs`` for ``steps.a-b.outputs``, as Jinja needs it; and what follows
    ``steps.`` where the step's name is unclear.
    """
    loose: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        if match["quoted"]:
            return match["quoted"]
        if match["name"]:
            return f"steps['{match['name']}']."
        loose.append(match["loose"])
        return "params"  # any valid name, so that the rest of the expression is checked too

    return _STEP.sub(replaced, source), loose


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Callable[[Context], object]:
    return ENVIRONMENT.compile_expression(bracketed(source)[0], undefined_to_none=False)


def _told(steps: Mapping[str, Any]) -> dict[str, Any]:
    """The steps, with outputs that know why they are empty."""
    told = {}
    for name, step in steps.items():
        outputs = _Outputs(step["outputs"])
        if (ended := _ENDED.get(step["status"])) and not outputs:
            outputs.why = f"step '{name}' {ended}"
        told[name] = {**step, "outputs": outputs}
    return told


def _plain(value: object) -> Json:
    spend(len(value) if isinstance(value, str) else OTHER)
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
            return str(value)  # raises, with the reason
        case _:
            raise TypeError(f"expected a value that JSON can hold, got a Python {type(value).__name__}")
