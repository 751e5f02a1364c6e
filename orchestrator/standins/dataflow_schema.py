"""The Dataflow API as its discovery document says: which calls there are, and what may be in their bodies. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

#: JSON types of the document's types; 64-bit numbers are written as text, and texts are taken for numbers.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, str),
    "number": (int, float, str),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Method:
    """One call of the API: ``name`` as in ``jobs.get``, and the schemas of what goes in and out."""

    name: str
    verb: str
    pattern: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]
    request: str | None
    response: str


@cache
def document() -> Mapping[str, Any]:
    """The static discovery document inside google-api-python-client."""
    path = resources.files("googleapiclient") / "discovery_cache/documents/dataflow.v1b3.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def methods() -> tuple[Method, ...]:
    """The regional calls, ``projects.locations.…``."""
    return tuple(_methods("", document()["resources"]["projects"]["resources"]["locations"]))


def _methods(prefix: str, resource: Mapping[str, Any]) -> Iterator[Method]:
    for name, method in resource.get("methods", {}).items():
        path = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:?]+)", re.escape(method["path"]))
        query = {key: value for key, value in method["parameters"].items() if value["location"] == "query"}
        request = method.get("request", {}).get("$ref")
        yield Method(
            f"{prefix}{name}", method["httpMethod"], re.compile(path), query, request, method["response"]["$ref"]
        )
    for name, inner in resource.get("resources", {}).items():
        yield from _methods(f"{prefix}{name}.", inner)


def misfits(schema: str, value: Any, path: str = "") -> Iterator[str]:
    """What in ``value`` is not as ``schema`` says, in the words of Google's 400."""
    yield from _misfits({"$ref": schema}, value, path)


def _misfits(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = document()["schemas"][schema["$ref"]]
    kind = schema["type"]
    if kind == "any":
        return
    fits: bool = isinstance(value, _TYPES[kind])
    if not fits or (isinstance(value, bool) and kind != "boolean"):
        yield f"Invalid value at '{path}' (TYPE_{kind.upper()}), {json.dumps(value)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"Invalid value at '{path}' (enum), {json.dumps(value)}"
    elif kind == "array":
        for number, item in enumerate(value):
            yield from _misfits(schema["items"], item, f"{path}[{number}]")
    elif kind == "object" and ("properties" in schema or "additionalProperties" in schema):
        yield from _object(schema, value, path)


def _object(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    fields = schema.get("properties", {})
    for key, item in value.items():
        inner = fields.get(key) or schema.get("additionalProperties")
        if inner is None:
            yield f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field."
        else:
            yield from _misfits(inner, item, f"{path}.{_snake(key)}".lstrip("."))


def _snake(key: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", key).lower()
