"""The types of a graph file's values: what each accepts, its error messages, and its JSON Schema."""

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from orchestrator.core.active_runs import ActiveRuns, Policy
from orchestrator.core.mapped import MAX_ITEMS
from orchestrator.core.names import STEP_NAME
from orchestrator.core.pools import MAX_PLACES, MAX_PRIORITY
from orchestrator.core.steps import KEEP, Json
from orchestrator.core.values import DEPTH
from orchestrator.definition.keys import refusal, refusals
from orchestrator.text import Path, listed, shown

GRAPH_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
PARAM_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,99}$"
FUNCTION = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
JOB_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
TEMPLATE = r"^gs://[^/]+/.+$"

#: The names that Python gives to the running program.
_NO_MODULES = ("__main__", "__mp_main__")


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


def active_runs(value: object) -> ActiveRuns:
    """A number of runs, or a mapping with the policy too."""
    keys: dict[str, Any] = value if isinstance(value, dict) else {"limit": value}
    limit: Any = keys.get("limit")
    policy = keys.get("policy", "queue")
    at, wrong = ("limit",) if isinstance(value, dict) else (), list[PydanticCustomError]()
    if unknown := [key for key in keys if key not in ("limit", "policy")]:
        wrong.append(refusal(f"unknown key: the keys here are limit and policy, got {shown(unknown[0])}"))
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PLACES:
        came = "nothing" if limit is None else shown(limit)
        wrong.append(refusal(f"expected a number of runs from 1 to {MAX_PLACES:,}, got {came}", at))
    if policy not in list(Policy):
        wrong.append(refusal(f"expected {listed(Policy)}, got {shown(policy)}", ("policy",)))
    if wrong:
        raise refusals(wrong, value)
    return ActiveRuns(limit, Policy(str(policy)))


#: A share of items: from 0% to 100%.
TOLERANCE = r"^(100|[0-9]{1,2}(\.[0-9]+)?)%$"

_TEXTS_SCHEMA = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
_COMMAND_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
        {"type": "string", "minLength": 1},
    ]
}
_COUNT_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\{\{"}]}
_NAMES_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": STEP_NAME},
        {"type": "array", "items": {"type": "string", "pattern": STEP_NAME}},
    ]
}

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
_LIMIT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": MAX_PLACES}
ActiveRunsKey = Annotated[
    ActiveRuns,
    PlainValidator(active_runs),
    WithJsonSchema(
        {
            "anyOf": [
                _LIMIT_SCHEMA,
                {
                    "type": "object",
                    "properties": {"limit": _LIMIT_SCHEMA, "policy": {"enum": [*Policy]}},
                    "required": ["limit"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Parallel = Annotated[int, Field(ge=1, le=MAX_PLACES)]
Priority = Annotated[int, Field(ge=0, le=MAX_PRIORITY)]
Template = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(template),
    WithJsonSchema({"type": "string", "pattern": rf"{TEMPLATE}|\{{\{{"}),
]
Streaming = Annotated[bool, WrapValidator(_streaming), WithJsonSchema({"enum": [True, False, KEEP]})]
