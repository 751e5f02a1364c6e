"""Checks a request against its form, and says all that is wrong with it. No value is quoted: it may be a secret."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.cloud.start_body import kind_of, read_json
from orchestrator.console.forms import JOB, REASON
from orchestrator.core.names import RUN_ID, STEP_NAME
from orchestrator.core.times import LATEST
from orchestrator.errors import UsageError
from orchestrator.text import quoted

T = TypeVar("T", bound=BaseModel)

#: How many mistakes are told one by one.
MAX_TOLD = 20

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a JSON object",
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
}

_PATTERNS = {
    RUN_ID: "the id of a run: a letter or digit, then up to 99 letters, digits, '_', '.' or '-'",
    JOB: "a job such as europe-west4/2026-01-30_20_00_08-8562643317148312878",
    REASON: "a reason, got an empty text",
    STEP_NAME: "the name of a step: a letter, then up to 99 letters, digits, '_', '.' or '-'",
}

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # as RFC 3339, which has leap seconds, and Python has not

_INT = re.compile(r"-?[0-9]{1,9}", re.ASCII)


def body_of(form: type[T], body: bytes) -> T:
    """The body of a request. Raises UsageError."""
    expected = "expected a JSON object"
    data = read_json(body, expected)
    if not isinstance(data, dict):
        raise UsageError(f"{expected}, got {kind_of(data)}")
    return _made(form, data)


def query_of(form: type[T], query: Mapping[str, list[str]]) -> T:
    """The query of a request. Raises UsageError."""
    data: dict[str, Any] = {}
    for name, values in query.items():
        field = form.model_fields.get(name)
        many = field is not None and get_origin(field.annotation) is tuple
        if not many and len(values) > 1:
            raise UsageError(f"{quoted(name)[1:-1]}: expected one value, got {len(values)}")
        data[name] = tuple(values) if many else _plain(field.annotation if field else str, values[0])
    return _made(form, data)


def moment(name: str, text: str | None) -> float | None:
    """A time as in RFC 3339, in seconds since the epoch. Raises UsageError, which names the key."""
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    at = _since_epoch(*match.groups()) if match is not None else None
    if at is None:
        raise UsageError(f"{name}: expected a time such as 2026-01-31T18:00:00Z")
    return min(max(at, 0.0), LATEST)


def _since_epoch(day: str, clock: str, second: str, part: str | None, zone: str) -> float | None:
    """The time in seconds since the epoch; None if there is no such day or time."""
    leap = second == "60"
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'59' if leap else second}{zone.upper()}")
    except ValueError:
        return None
    return (whole - datetime.fromtimestamp(0, UTC)).total_seconds() + leap + float(part or 0)


def _plain(kind: object, text: str) -> Any:
    """A text of a query as what its field wants, if it can be that."""
    if kind is int and _INT.fullmatch(text):
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    return text


def _made(form: type[T], data: dict[str, Any]) -> T:
    try:
        return form.model_validate_json(json.dumps(data), strict=True)  # as JSON: a list may be a tuple, a text a word
    except ValidationError as error:
        said = list(dict.fromkeys(map(_told, error.errors(include_url=False))))
        more = [f"and {len(said) - MAX_TOLD:,} more mistakes"] if len(said) > MAX_TOLD else []
        raise UsageError("\n".join([*said[:MAX_TOLD], *more])) from None


def _told(details: ErrorDetails) -> str:
    """``steps[0]: expected text, got a list``."""
    path, context, kind = details["loc"], details.get("ctx", {}), details["type"]
    key, came = _place(path), details["input"]
    match kind:
        case "extra_forbidden":
            return f"{key}: unknown key"
        case "missing":
            return f"{key}: expected a value, got none"
        case "union_tag_not_found":
            return "status: expected a value, got none"
        case "union_tag_invalid":
            return f"status: expected {context['expected_tags'].replace(chr(39), '')}"
        case "literal_error" | "enum":
            return f"{key}: expected {context['expected'].replace(chr(39), '')}"
        case "string_pattern_mismatch":
            return f"{key}: expected {_PATTERNS.get(context['pattern'], 'what an answer said')}"
        case "greater_than_equal":
            return f"{key}: expected at least {context['ge']:,}"
        case "less_than_equal":
            return f"{key}: expected at most {context['le']:,}"
        case _:
            return f"{key}: expected {_EXPECTED.get(kind, 'something else')}, got {kind_of(came)}".lstrip(": ")


def _place(path: tuple[int | str, ...]) -> str:
    """The keys that lead to a value, without the words that pydantic adds for a choice."""
    words = [part for part in path if part not in ("succeeded", "failed", "skipped")]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{quoted(part)[1:-1]}" for part in words)
    return text.lstrip(".")
