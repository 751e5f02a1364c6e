"""The Dataflow API according to its discovery document: its regional methods, and the schemas of their bodies. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from orchestrator.fakes.discovery import Method, Schema, schema_of

__all__ = ["Method", "document", "methods", "misfits"]

_REGIONAL = "projects.locations."

#: The one that is not regional.
_EVERYWHERE = "projects.jobs.aggregated"


def document() -> Mapping[str, Any]:
    """The static discovery document in google-api-python-client."""
    return _schema().document


@cache
def methods() -> tuple[Method, ...]:
    """The regional methods, by their names below ``projects.locations``: ``jobs.get``; and ``jobs.aggregated``."""
    return tuple(
        replace(method, name=method.name.removeprefix(_REGIONAL).removeprefix("projects."))
        for method in _schema().methods
        if method.name.startswith(_REGIONAL) or method.name == _EVERYWHERE
    )


def misfits(schema: str, value: Any, path: str = "") -> Iterator[str]:
    """How ``value`` violates ``schema``, as in the text of Google's 400."""
    yield from _schema().misfits(schema, value, path)


def _schema() -> Schema:
    return schema_of("dataflow", "v1b3")
