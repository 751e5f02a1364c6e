"""Mappings in a graph file that have certain keys and no others, and how a value is refused."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from orchestrator.text import Path


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


def refusals(found: Sequence[PydanticCustomError], value: object) -> ValidationError:
    """Several of these about one ``value``, to be raised together."""
    return ValidationError.from_exception_data("refused", [{"type": one, "input": value} for one in found])
