"""``--over region=eu,us``: the values that a backfill fans over, besides its slots. Pure."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

from orchestrator.core.steps import Json
from orchestrator.core.values import RepeatedKeyError
from orchestrator.definition.params import items_of
from orchestrator.text import quoted

#: A value that can be a part of a run's id as it is. A dot separates the rounds of a run, RUN.2.
_PLAIN = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*", re.ASCII)

#: How many characters of a value, and of an id, are kept before a hash takes their place.
_LONGEST_VALUE, _LONGEST_ID = 40, 90


def lists(given: Mapping[str, str], wrong: list[str]) -> dict[str, list[Json]]:
    """The values of each param, from text such as ``eu,us`` or ``["eu", "us"]``. What is ``wrong`` is added to that,
    and left out.
    """
    found: dict[str, list[Json]] = {}
    for name, text in given.items():
        try:
            values = items_of(text)
        except RepeatedKeyError as error:
            wrong.append(f"--over {name}: {error}")
            continue
        except (ValueError, TypeError, RecursionError):
            wrong.append(f'--over {name}: expected a list such as eu,us or ["eu", "us"], got {quoted(text)}')
            continue
        words = [text_of(value) for value in values]
        if not words or "" in words:
            wrong.append(f"--over {name}: expected one value or more, none of them empty, got {quoted(text)}")
            continue
        twice = [word for word, number in Counter(words).items() if number > 1]
        wrong += [f"--over {name}: expected each value once, got {quoted(word)} several times" for word in twice]
        found[name] = values
    return found


def combinations(values: Mapping[str, Sequence[Json]]) -> list[dict[str, Json]]:
    """Each value of each list with each of the others; one empty combination if there are no lists."""
    return [dict(zip(values, combination, strict=True)) for combination in product(*values.values())]


def text_of(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def run_id(name: str, slot: str, values: Mapping[str, Json]) -> str:
    """``sales-backfill-2026-01-31-eu``: always the same for the same slot, and another for any other."""
    parts = [slot] if slot else []
    if values:
        parts.append("--".join(_called(text_of(value)) for value in values.values()))
    return _short("-".join([name, *parts]), _LONGEST_ID)


def _called(value: str) -> str:
    if _PLAIN.fullmatch(value) and len(value) <= _LONGEST_VALUE:
        return value
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "-", value).strip("-")[:_LONGEST_VALUE].rstrip("-")
    return "-".join(part for part in (cleaned, _hash(value)) if part)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 9].rstrip('-')}-{_hash(text)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
