"""The Dataflow API as its discovery document says: the regional calls, and what may be in their bodies. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from orchestrator.fakes.discovery import Method, Schema, schema_of

__all__ = ["Method", "document", "methods", "misfits"]

_REGIONAL = "projects.locations."


def document() -> Mapping[str, Any]:
    """The static discovery document inside google-api-python-client."""
    return _schema().document


@cache
def methods() -> tuple[Method, ...]:
    """The regional calls, by the names they have below ``projects.locations``: ``jobs.get``."""
    return tuple(
        replace(method, name=method.name.removeprefix(_REGIONAL))
        for method in _schema().methods
        if method.name.startswith(_REGIONAL)
    )


def misfits(schema: str, value: Any, path: str = "") -> Iterator[str]:
    """What in ``value`` is not as ``schema`` says, in the words of Google's 400."""
    yield from _schema().misfits(schema, value, path)


def _schema() -> Schema:
    return schema_of("dataflow", "v1b3")
