"""Evaluates the expressions in a graph's values.

Jinja2 is imported by the first expression, since a deployed function may never evaluate one.
"""

from orchestrator.core.steps import Json
from orchestrator.expressions.template import Code, Context, ExpressionError, as_text, condition, pieces, texts
from orchestrator.text import quoted


def references(value: object) -> frozenset[str]:
    """The names of the steps that the expressions in ``value``, JSON data, refer to. Raises ExpressionError."""
    codes = [part for text in texts(value) for part in pieces(text) if isinstance(part, Code)]
    return frozenset(name for code in codes for name in _understood(code))


def render(value: object, context: Context) -> Json:
    """``value``, JSON data, with each expression replaced by its value.

    A string that consists of one expression becomes its value, of whatever type. Inside longer text, a value is
    inserted as JSON, or as it is if it is text. Raises ExpressionError.
    """
    match value:
        case str():
            parts = pieces(value) if "{{" in value else [value]
            if len(parts) == 1 and isinstance(parts[0], Code):
                return _evaluate(parts[0], context)
            return "".join(as_text(_evaluate(part, context)) if isinstance(part, Code) else part for part in parts)
        case list() | tuple():
            return [render(item, context) for item in value]
        case dict():
            return {key: render(item, context) for key, item in value.items()}
        case None | bool() | int() | float():
            return value
        case _:
            raise ExpressionError(f"expected a value that JSON can hold, got a Python {type(value).__name__}")


def holds(when: str, context: Context) -> bool:
    """Whether ``when``, one expression, is true. Text must be 'true' or 'false'. Raises ExpressionError."""
    value = _evaluate(condition(when), context)
    if isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise ExpressionError(f"when: expected true or false from {when}, got the text {quoted(value)}")
        return value.lower() == "true"
    return bool(value)


def _understood(code: Code) -> frozenset[str]:
    from orchestrator.expressions.meaning import understood

    return understood(code).steps


def _evaluate(code: Code, context: Context) -> Json:
    from orchestrator.expressions.meaning import understood
    from orchestrator.expressions.sandbox import evaluate

    understood(code)
    return evaluate(code, context)
