"""The part of Cloud Logging's query language that our filters use, so that they can be tested on recorded entries.

NOT binds closest, then OR, then AND, as Google documents (and few expect). Text is compared without regard to case,
except by a regular expression.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Match = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(r'\s*(?:(\()|(\))|(AND|OR|NOT)\b|([\w.]+)\s*(>=|=~|!~|!=|=|:)\s*("(?:[^"\\]|\\.)*"|\*|[\w./%-]+))')
_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")


def compiled(text: str) -> Match:
    """A function that says whether an entry matches. Raises ValueError for what this module does not know."""
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"not understood: {text[at : at + 40]!r}")
        tokens.append(found)
        at = found.end()
    match, rest = _all_of(tokens)
    if rest:
        raise ValueError(f"not understood: {rest[0][0]!r}")
    return match


def _all_of(tokens: list[re.Match[str]]) -> tuple[Match, list[re.Match[str]]]:
    first, rest = _any_of(tokens)
    parts = [first]
    while rest and not rest[0][2]:
        part, rest = _any_of(rest[1:] if rest[0][3] == "AND" else rest)
        parts.append(part)
    return lambda entry: all(part(entry) for part in parts), rest


def _any_of(tokens: list[re.Match[str]]) -> tuple[Match, list[re.Match[str]]]:
    first, rest = _one(tokens)
    parts = [first]
    while rest and rest[0][3] == "OR":
        part, rest = _one(rest[1:])
        parts.append(part)
    return lambda entry: any(part(entry) for part in parts), rest


def _one(tokens: list[re.Match[str]]) -> tuple[Match, list[re.Match[str]]]:
    token, *rest = tokens
    if token[3] == "NOT":
        inner, rest = _one(rest)
        return lambda entry: not inner(entry), rest
    if token[1]:
        inner, rest = _all_of(rest)
        if not rest or not rest[0][2]:
            raise ValueError("expected )")
        return inner, rest[1:]
    return _comparison(token[4], token[5], token[6]), rest


def _comparison(path: str, operator: str, value: str) -> Match:
    wanted = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value

    def match(entry: Mapping[str, Any]) -> bool:
        found = _at(entry, path)
        if found is None:
            return operator in ("!=", "!~")
        have = str(found)
        match operator:
            case "=" | "!=":
                return (have.lower() == wanted.lower()) is (operator == "=")
            case ":":
                return value == "*" or wanted.lower() in have.lower()
            case ">=":
                return _SEVERITIES.index(have) >= _SEVERITIES.index(wanted)
            case _:
                return (re.search(wanted, have) is not None) is (operator == "=~")

    return match


def _at(entry: Any, path: str) -> Any:
    for key in path.split("."):
        entry = entry.get(key) if isinstance(entry, Mapping) else None
    return entry
