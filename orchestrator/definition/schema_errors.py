"""Turns pydantic's errors into problems that say what was expected, what was got, and how to fix it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.core.names import STEP_NAME
from orchestrator.definition import fields, schema
from orchestrator.definition.dataflow_keys import DataflowOptions
from orchestrator.definition.keys import Keys
from orchestrator.definition.kinds import FORM, FORMS, LocalKeys
from orchestrator.definition.notify_keys import RECEIVER_NAME, SECRET_NAME
from orchestrator.errors import Problem
from orchestrator.text import Path, Suggestions, listed, shown

#: The model at a path, by the path's last part.
_INNER: dict[str | int, type[Keys]] = {
    "retry": schema.RetryKeys,
    "check": schema.CheckKeys,
    **{form.kind.key: form.block for form in FORMS if form.block is not None},
    "local": LocalKeys,
    "schedule": schema.ScheduleKeys,
}

#: The names that other tools use for ``map``, and what is said of them.
_FOR_EACH = frozenset({"foreach", "for_each", "with_items", "loop", "matrix", "expand"})
_MAPPED = "unknown key: write map: with the list, and the step does its work for each {{ item }} of it"

#: The names that other tools use for our other keys.
_ELSEWHERE = {
    "depends_on": "after",
    "dependencies": "after",
    "needs": "after",
    "upstream": "after",
    "downstream": "next",
    "bash": "command",
    "run": "command",
    "script": "command",
    "shell": "command",
    "sleep": "wait",
    "retries": "retry",
    "trigger_rule": "trigger",
    "condition": "when",
    "if": "when",
    "tasks": "steps",
    "parameters": "params",
    "jobs": "steps",
    "cron": "schedule",
    "schedule_interval": "schedule",
    "tz": "time_zone",
}

#: A phrase for each pattern of a name.
NAMES = {
    fields.GRAPH_NAME: "at most 63 lower-case letters, digits and '-', with no '-' at an end",
    STEP_NAME: "a letter, then at most 99 letters, digits, '_', '.' or '-'",
    fields.PARAM_NAME: "a letter, then at most 99 letters, digits or '_'",
    RECEIVER_NAME: "a lower-case letter, then at most 39 lower-case letters, digits or '-'",
    SECRET_NAME: "the name of an environment variable that holds the secret, such as HOOK_SECRET",
}

_EXAMPLES = {
    "retry": "{attempts: 3, delay: 60s}",
    "check": "{delay: 30s, every: 10m}",
    **{form.kind.key: form.example for form in FORMS if form.block},
    "local": f"{{command: {FORM['command'].example}}}",
    "schedule": '{cron: "0 6 * * 1-5", time_zone: Europe/Berlin}, or the cron alone',
}

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
}


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files: the model at a path, and what is expected at a path, if that needs a phrase of its own."""

    keys_at: Callable[[Path], type[Keys]]
    expected: Callable[[Path], str | None]


def explained(error: ValidationError, form: Format | None = None) -> Iterator[Problem]:
    """Each error as a problem at its path. ``form``: the file's format; by default that of a graph."""
    suggest = Suggestions()
    for details in error.errors(include_url=False):
        path = tuple(part for part in details["loc"] if part != "[key]")
        message = _message(path, details, suggest, form or Format(_keys_at, _expected_in_graph))
        yield Problem(path + details.get("ctx", {}).get("at", ()), message)


def _message(path: Path, details: ErrorDetails, suggest: Suggestions, form: Format) -> str:
    came = details["input"]
    context = details.get("ctx", {})
    match details["type"]:
        case "refused":
            return details["msg"]
        case "extra_forbidden":
            return _unknown_key(path, suggest, form)
        case "invalid_key":
            return f"expected keys that are text, got {shown(path[-1])}"
        case "missing":
            return _missing(path)
        case "string_pattern_mismatch":
            return f"expected {NAMES[context['pattern']]}, got {shown(came)}"
        case "literal_error":
            expected = context["expected"].replace("'", "")
            return f"expected {expected}, got {shown(came)}"
        case "greater_than_equal" | "less_than_equal" as bound:
            limit = f"at least {context['ge']}" if bound == "greater_than_equal" else f"at most {context['le']}"
            return f"expected {limit}, got {shown(came)}"
        case "string_too_short":
            return "expected text, got an empty one"
        case kind:
            return f"expected {form.expected(path) or _EXPECTED[kind]}, got {shown(came)}{_fix(kind, came)}"


def _expected_in_graph(path: Path) -> str | None:
    match path:
        case ():
            return "a mapping with the keys name and steps"
        case ("steps",):
            return "a mapping of step names to steps"
        case ("steps", _):
            return "a mapping of the step's keys, such as command and after"
        case (*_, "after" | "next"):
            return "the name of a step, or a list of names"
        case (*_, key) if key in _EXAMPLES:
            return f"a mapping such as {_EXAMPLES[key]}"
        case _:
            return None


def _fix(kind: str, came: object) -> str:
    if kind == "string_type" and isinstance(came, int | float):
        return ": write it in quotes"
    if kind == "bool_type" and came in ("yes", "no", "on", "off", "True", "False"):
        return ": write true or false, without quotes"
    return ""


def _unknown_key(path: Path, suggest: Suggestions, of: Format) -> str:
    *parent, key = path
    known = list(of.keys_at(tuple(parent)).model_fields)
    if (other := _ELSEWHERE.get(str(key))) in known:
        return f"unknown key (did you mean '{other}'?)"
    if key in _FOR_EACH and "map" in known:
        return _MAPPED
    for form in FORMS if len(parent) == 2 and parent[0] == "steps" else ():
        if form.block is not None and key in form.block.model_fields:
            return f"unknown key: it belongs inside '{form.kind.key}'"
    return "unknown key" + (suggest(key, known) or f": the keys here are {listed(known, 'and')}")


def _missing(path: Path) -> str:
    match path:
        case ("name",):
            return "expected the graph's name, such as 'name: daily-sales', got none"
        case ("steps",):
            return "expected the graph's steps, got none"
        case _:
            return "expected a value, got none"


def _keys_at(path: Path) -> type[Keys]:
    match path:
        case ():
            return schema.GraphKeys
        case ("params", _):
            return schema.ParamKeys
        case ("defaults",):
            return schema.DefaultKeys
        case ("defaults", "dataflow"):
            return DataflowOptions
        case ("steps", _):
            return schema.StepKeys
        case _:
            return _INNER[path[-1]]
