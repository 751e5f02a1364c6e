"""The types of a graph file's values: what each accepts, its error messages, and its JSON Schema."""

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from orchestrator.core.mapped import MAX_ITEMS
from orchestrator.core.names import STEP_NAME
from orchestrator.core.pools import MAX_PLACES, MAX_PRIORITY
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import KEEP, Json
from orchestrator.core.values import DEPTH
from orchestrator.text import Path, did_you_mean, listed, shown

GRAPH_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
PARAM_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,99}$"
FUNCTION = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
JOB_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
TEMPLATE = r"^gs://[^/]+/.+$"
DURATION = r"^[0-9]+(\.[0-9]+)?[smhd]$"

#: The names that Python gives to the running program.
_NO_MODULES = ("__main__", "__mp_main__")

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
#: The longest duration that anybody may write, in days and in seconds.
TEN_YEARS_IN_DAYS = 3650
LONGEST = TEN_YEARS_IN_DAYS * _UNITS["d"]

#: The trigger rules that need a number, with an example of it.
_NUMBERED = {TriggerRule.AT_LEAST: "3", TriggerRule.ALL_DONE_WITHIN: "2h"}
_RULES = {str(rule): rule for rule in TriggerRule if rule not in _NUMBERED}
_WITH_NUMBERS = " or ".join(f"{{{rule}: {example}}}" for rule, example in _NUMBERED.items())


class Keys(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


def merged(common: Keys | None, own: Keys | None) -> dict[str, Any]:
    """The keys that were written. Where both have one, ``own`` wins."""
    result: dict[str, Any] = {}
    for keys in (common, own):
        if keys is not None:
            result |= {key: value for key in keys.model_fields_set if (value := getattr(keys, key)) is not None}
    return result


def refusal(message: str, at: Path = ()) -> PydanticCustomError:
    """An error with the text ``message``, about what is ``at`` a path inside the value."""
    return PydanticCustomError("refused", "{message}", {"message": message, "at": at})


def seconds(value: object) -> float:
    """``90s``, ``1.5h`` -> seconds."""
    expected = "expected a duration such as 30s, 10m, 6h or 2d"
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LONGEST:
        raise refusal(f"{expected}, got {shown(value)}: write {value:g}s if seconds are meant")
    if not isinstance(value, str) or len(value) > 40 or not re.fullmatch(DURATION, value):
        raise refusal(f"{expected}, got {shown(value)}")
    result = float(value[:-1]) * _UNITS[value[-1]]
    if result > LONGEST:
        raise refusal(f"expected a duration of at most {TEN_YEARS_IN_DAYS}d, got {shown(value)}")
    return result


def some_seconds(value: object) -> float:
    """A duration longer than 0."""
    result = seconds(value)
    if not result:
        raise refusal(f"expected a duration longer than 0, got {shown(value)}")
    return result


class Trigger(NamedTuple):
    """A trigger rule with its number: the fields of a step."""

    trigger: TriggerRule
    at_least: int | None = None
    within: float | None = None


def trigger(value: object) -> Trigger:
    """A rule by its name, or a mapping of a rule to its number."""
    if isinstance(value, dict):
        return _numbered(value)
    if isinstance(value, str) and value in _RULES:
        return Trigger(_RULES[value])
    if isinstance(value, str) and (example := _NUMBERED.get(value)):  # type: ignore[call-overload]
        raise refusal(f"{value} needs a number: write {{{value}: {example}}}")
    hint = did_you_mean(value, list(TriggerRule)) or f": it is one of {listed(_RULES)}, or {_WITH_NUMBERS}"
    raise refusal(f"no trigger rule is called {shown(value)}{hint}")


def _numbered(value: dict[Any, Any]) -> Trigger:
    if len(value) != 1 or (rule := next(iter(value))) not in _NUMBERED:
        raise refusal(f"expected the name of a rule, or {_WITH_NUMBERS}, got {shown(value)}")
    number = value[rule]
    if rule == TriggerRule.ALL_DONE_WITHIN:
        try:
            return Trigger(TriggerRule.ALL_DONE_WITHIN, within=some_seconds(number))
        except PydanticCustomError as error:
            raise refusal(error.message(), (rule,)) from error
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise refusal(f"expected a whole number of at least 1, got {shown(number)}", (rule,))
    return Trigger(TriggerRule.AT_LEAST, at_least=number)


def default_trigger(value: object) -> Trigger:
    """The rule of steps that name none. How many steps come before one is known only at that step."""
    if isinstance(value, dict):
        raise refusal("expected the name of a rule: write one with a number at the step that it is meant for")
    return trigger(value)


def condition(value: object) -> str:
    """The text of ``when``. Whether it is one expression is checked together with the other expressions."""
    if isinstance(value, bool):
        return "{{ true }}" if value else "{{ false }}"
    if isinstance(value, str):
        return value
    raise refusal(f'expected an expression such as "{{{{ params.full }}}}", got {shown(value)}')


def function(value: object) -> str:
    expected = f"expected module:function, such as pipelines.orders:extract, got {shown(value)}"
    if not isinstance(value, str) or not re.fullmatch(FUNCTION, value):
        raise refusal(expected)
    if value.partition(":")[0] in _NO_MODULES:
        fix = "move the function into a module beside the graph's file"
        raise refusal(f"{expected}: where the step runs, this is a different program: {fix}")
    return value


def job_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(JOB_NAME, value):
        return value
    expected = "expected a name of at most 63 letters, digits, '-', '_' and '.', with no expression in it"
    raise refusal(f"{expected}, got {shown(value)}")


def text(value: object, at: Path = ()) -> str:
    """Text for a process. A whole number becomes text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        hint = ": write it in quotes" if isinstance(value, bool | float) else ""
        raise refusal(f"expected text, got {shown(value)}{hint}", at)
    if "\0" in value:
        raise refusal("expected text, got text with a NUL character, which no process can be given", at)
    return value


def template(value: str) -> str:
    """The path of a template. What an expression stands for is only known when the step is launched."""
    head, expression, _ = value.partition("{{")
    fits = head.startswith("gs://") or "gs://".startswith(head) if expression else re.fullmatch(TEMPLATE, value)
    if not fits:
        raise refusal(
            f"expected a template's path in Cloud Storage, such as gs://bucket/template.json, got {shown(value)}"
        )
    return value


def command(value: object) -> str | list[str]:
    if isinstance(value, str) and value.strip():
        return text(value)
    if not isinstance(value, list) or not value:
        expected = "expected a list such as [python, job.py] or a shell script"
        raise refusal(f"{expected}, got {'an empty one' if value in ('', []) else shown(value)}")
    return [text(item, (number,)) for number, item in enumerate(value)]


def count(value: object) -> int | str:
    """A whole number of at least 1, or an expression that gives one."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if isinstance(value, str) and value.startswith("{{"):
        return value
    raise refusal(f"expected a whole number of at least 1, got {shown(value)}")


def json_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refusal(f"expected a mapping of names to values, got {shown(value)}")
    for path, wrong in _not_json(value, ()):
        raise refusal(wrong, path)
    return value


def _not_json(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Everything in ``value`` that JSON cannot hold, with its path."""
    if len(path) > DEPTH:
        yield path[:3], f"nested more than {DEPTH} deep"
        return
    match value:
        case None | bool() | str():
            pass
        case float():
            if not math.isfinite(value):
                yield path, f"expected a number that JSON can hold, got {value}"
        case int():
            if abs(value) >= 2**63:
                yield path, "expected a number of at most 64 bits: write it in quotes, as text"
        case list():
            for number, item in enumerate(value):
                yield from _not_json(item, (*path, number))
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    yield path, f"expected a name in text, got {shown(key)}"
                    continue
                yield from _not_json(item, (*path, key))
        case _:
            yield path, f"expected a value that JSON can hold, got {shown(value)}"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise refusal(f"expected a mapping of names to text, got {shown(value)}")
    result = {}
    for key, item in value.items():
        if not isinstance(key, str) or not key or "=" in key or "\0" in key:
            raise refusal(f"expected a name without '=', got {shown(key)}")
        result[key] = text(item, (key,))
    return result


def _streaming(value: object, boolean: ValidatorFunctionWrapHandler) -> Any:
    """True, false, or the word for a job that is kept running; the error for anything else names only the first two."""
    return value if value == KEEP else boolean(value)


def items(value: object) -> list[Json] | str:
    """A list of JSON values, or one expression that gives a list."""
    if isinstance(value, str):
        return condition(value)
    if not isinstance(value, list):
        raise refusal(f"expected a list, or an expression that gives one, got {shown(value)}")
    if len(value) > MAX_ITEMS:
        raise refusal(f"expected at most {MAX_ITEMS:,} items, got {len(value):,}: map over parts of the list")
    return list(json_object({"items": value})["items"])


def tolerance(value: object) -> int | str:
    """A number of items, or a share of them."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ITEMS:
        return value
    if isinstance(value, str) and re.fullmatch(TOLERANCE, value):
        return value
    raise refusal(f"expected a number of items such as 3, or a share such as 5%, got {shown(value)}")


#: A share of items: from 0% to 100%.
TOLERANCE = r"^(100|[0-9]{1,2}(\.[0-9]+)?)%$"

_DURATION_SCHEMA = {"type": "string", "pattern": DURATION, "examples": ["30s", "10m", "6h", "2d"]}
_TEXTS_SCHEMA = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
_COMMAND_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
        {"type": "string", "minLength": 1},
    ]
}
_COUNT_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\{\{"}]}
_RULE_SCHEMA = {"enum": [*_RULES]}
_NUMBER_SCHEMAS = [
    {"type": "object", "properties": {rule: number}, "required": [rule], "additionalProperties": False}
    for rule, number in (("at_least", {"type": "integer", "minimum": 1}), ("all_done_within", _DURATION_SCHEMA))
]
_NAMES_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": STEP_NAME},
        {"type": "array", "items": {"type": "string", "pattern": STEP_NAME}},
    ]
}

Duration = Annotated[float, PlainValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
LongerDuration = Annotated[float, PlainValidator(some_seconds), WithJsonSchema(_DURATION_SCHEMA)]
TriggerKey = Annotated[Trigger, PlainValidator(trigger), WithJsonSchema({"anyOf": [_RULE_SCHEMA, *_NUMBER_SCHEMAS]})]
DefaultTriggerKey = Annotated[Trigger, PlainValidator(default_trigger), WithJsonSchema(_RULE_SCHEMA)]
When = Annotated[str, PlainValidator(condition), WithJsonSchema({"type": ["string", "boolean"]})]
Function = Annotated[str, PlainValidator(function), WithJsonSchema({"type": "string", "pattern": FUNCTION})]
JobName = Annotated[str, PlainValidator(job_name), WithJsonSchema({"type": "string", "pattern": JOB_NAME})]
Command = Annotated[str | list[str], PlainValidator(command), WithJsonSchema(_COMMAND_SCHEMA)]
Count = Annotated[int | str, PlainValidator(count), WithJsonSchema(_COUNT_SCHEMA)]
Texts = Annotated[dict[str, str], PlainValidator(_texts), WithJsonSchema(_TEXTS_SCHEMA)]
JsonObject = Annotated[dict[str, Any], PlainValidator(json_object), WithJsonSchema({"type": "object"})]
Items = Annotated[list[Any] | str, PlainValidator(items), WithJsonSchema({"type": ["array", "string"]})]
Tolerance = Annotated[
    int | str,
    PlainValidator(tolerance),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": TOLERANCE}]}),
]
Names = Annotated[list[str], BeforeValidator(_listed), WithJsonSchema(_NAMES_SCHEMA)]
NonEmpty = Annotated[str, Field(min_length=1)]
PoolName = Annotated[str, StringConstraints(pattern=GRAPH_NAME)]
Parallel = Annotated[int, Field(ge=1, le=MAX_PLACES)]
Priority = Annotated[int, Field(ge=0, le=MAX_PRIORITY)]
Template = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(template),
    WithJsonSchema({"type": "string", "pattern": rf"{TEMPLATE}|\{{\{{"}),
]
Streaming = Annotated[bool, WrapValidator(_streaming), WithJsonSchema({"enum": [True, False, KEEP]})]
