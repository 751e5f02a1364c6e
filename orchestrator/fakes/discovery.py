"""Reads the discovery document of a Google API: its methods, and the schemas of their bodies. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

#: The Python types that are accepted for each type of a document. 64-bit numbers are written as text, and text is
#: accepted for numbers.
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
    """One method of an API: its ``name``, such as ``projects.jobs.get``, the schemas of its bodies, and its scopes.

    ``pattern`` matches the path of a request as it is sent, percent-encoded.
    """

    name: str
    verb: str
    pattern: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]
    request: str | None
    response: str
    scopes: frozenset[str]


class Schema:
    """One version of an API, from the static discovery document inside google-api-python-client."""

    def __init__(self, api: str, version: str) -> None:
        path = resources.files("googleapiclient") / f"discovery_cache/documents/{api}.{version}.json"
        self.document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        # Paths that end with a verb come first: otherwise ``topics/t:getIamPolicy`` would be the name of a topic.
        made = _methods("", self.document, self.document["servicePath"])
        found = sorted(made, key=lambda method: not re.search(r":\w+$", method.pattern.pattern))
        self.methods = tuple(found)

    def method(self, name: str) -> Method:
        """The method with this full name, such as ``projects.jobs.get``. Raises LookupError."""
        for method in self.methods:
            if method.name == name:
                return method
        raise LookupError(f"{self.document['id']} has no {name}")

    def misfits(self, schema: str, value: Any, path: str = "") -> Iterator[str]:
        """How ``value`` violates ``schema``, as in the text of Google's 400."""
        yield from self._misfits({"$ref": schema}, value, path)

    def _misfits(self, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
        if "$ref" in schema:
            schema = self.document["schemas"][schema["$ref"]]
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
                yield from self._misfits(schema["items"], item, f"{path}[{number}]")
        elif kind == "object" and ("properties" in schema or "additionalProperties" in schema):
            yield from self._object(schema, value, path)

    def _object(self, schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
        fields = schema.get("properties", {})
        for key, item in value.items():
            inner = fields.get(key) or schema.get("additionalProperties")
            if inner is None:
                yield f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field."
            else:
                yield from self._misfits(inner, item, f"{path}.{_snake(key)}".lstrip("."))


@cache
def schema_of(api: str, version: str) -> Schema:
    """This version of an API. Its document is read only once."""
    return Schema(api, version)


def _methods(prefix: str, resource: Mapping[str, Any], base: str) -> Iterator[Method]:
    for name, method in resource.get("methods", {}).items():
        given = method.get("parameters", {})
        yield Method(
            f"{prefix}{name}",
            method["httpMethod"],
            re.compile(_pattern(base + method["path"], given)),
            {key: value for key, value in given.items() if value["location"] == "query"},
            method.get("request", {}).get("$ref"),
            method.get("response", {}).get("$ref", ""),
            frozenset(method.get("scopes", ())),
        )
    for name, inner in resource.get("resources", {}).items():
        yield from _methods(f"{prefix}{name}.", inner, base)


def _pattern(path: str, given: Mapping[str, Mapping[str, Any]]) -> str:
    """The pattern of a path such as ``v1/{+topic}`` or ``b/{bucket}``. Only the first kind may match slashes."""
    parts = re.split(r"\{(\+?)(\w+)\}", path)
    found = re.escape(parts[0])
    for plus, name, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        inner = given[name].get("pattern", "^.+$")[1:-1] if plus else "[^/:?]+"
        found += f"(?P<{name}>{inner}){re.escape(rest)}"
    return found


def _snake(key: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", key).lower()
