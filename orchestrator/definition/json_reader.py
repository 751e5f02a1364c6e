"""Reads JSON, and the line of every key. It accepts only standard JSON: no NaN, no comments."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestrator.definition.text_files import (
    TOO_DEEP,
    Flaw,
    Lines,
    UnreadableError,
    finite,
    integer,
    repeated,
    too_deep,
)
from orchestrator.text import Path

#: Number of mistakes after which reading stops, if nobody needs the lines.
MAX_FLAWS = 1_000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')

_LAST_COMMA = re.compile(r"\s*,\s*([\]}])")


def read(text: str, lines: Lines | None = None) -> tuple[Any, list[Flaw]]:
    """The data, and the mistakes that do not prevent it from being read. Fills ``lines`` if given.

    Raises UnreadableError.
    """
    flawed: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            flawed.append("a key")
        return result

    def noted(number: Callable[[str], float]) -> Callable[[str], float]:
        def convert(token: str) -> float:
            try:
                return number(token)
            except ValueError:
                flawed.append(token)
                return 0

        return convert

    try:
        data = json.loads(
            text,
            object_pairs_hook=mapping,
            parse_int=noted(integer),
            parse_float=noted(finite),
            parse_constant=noted(finite),
        )
    except json.JSONDecodeError as error:
        raise _unreadable(text, error) from error
    except RecursionError as error:
        raise UnreadableError(1, TOO_DEEP) from error
    if too_deep(data):
        raise UnreadableError(1, TOO_DEEP)
    if lines is None and not flawed:
        return data, []
    return data, _flaws(text, lines) if lines is not None else _flaws(text, {}, MAX_FLAWS)


def _unreadable(text: str, error: json.JSONDecodeError) -> UnreadableError:
    """Where the text stops being JSON, and why. For an extra comma, Python 3.13 and newer give its position."""
    if last := _LAST_COMMA.match(text, len(text[: error.pos].rstrip().removesuffix(",").rstrip())):
        error = json.JSONDecodeError(
            f"nothing follows the last comma before '{last[1]}': leave the comma out", text, last.start(1)
        )
    reason = error.msg[:1].lower() + error.msg[1:]
    return UnreadableError(error.lineno, f"this is not JSON: {reason} (column {error.colno})")


@dataclass(slots=True)
class _Level:
    """One mapping or list that is being read: the path to it, and the key or number of what comes next in it."""

    path: Path
    at: str | int | None
    keys: set[str] = field(default_factory=set)


def _flaws(text: str, lines: Lines, most: float = math.inf) -> list[Flaw]:
    """Go through valid JSON: record the line of everything, and the mistakes for which the decoder gives no line."""
    flaws: list[Flaw] = []
    levels: list[_Level] = []
    line = 1
    for match in _TOKEN.finditer(text):
        if len(flaws) >= most:
            break
        token = match[0]
        level = levels[-1] if levels else _Level((), None)
        match token[0]:
            case "\n":
                line += 1
            case "}" | "]":
                levels.pop()
            case ",":
                level.at = level.at + 1 if isinstance(level.at, int) else None
            case ":":
                pass
            case '"' if levels and level.at is None:
                level.at = key = str(json.loads(token))
                path = (*level.path, key)
                if key in level.keys:
                    flaws.append(Flaw(line, repeated(key, lines[path])))
                else:
                    level.keys.add(key)
                    lines[path] = line
            case first:
                path = () if level.at is None else (*level.path, level.at)
                lines.setdefault(path, line)
                if first in "{[":
                    levels.append(_Level(path, 0 if first == "[" else None))
                elif wrong := _wrong_number(token):
                    flaws.append(Flaw(line, wrong))
    return flaws


def _wrong_number(token: str) -> str | None:
    if token[0] == '"' or token in ("true", "false", "null"):
        return None
    try:
        integer(token) if token.lstrip("-").isdigit() else finite(token)
    except ValueError as error:
        return str(error)
    return None
