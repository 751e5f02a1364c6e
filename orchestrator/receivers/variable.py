"""Reads the receivers of a deployment from the text of its variable: JSON with the content of ``notify:``. Pure.

Terraform has checked it (variables-runs.tf). This is as strict, but imports nothing that would slow a function's start.
"""

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.core.occasions import OCCASIONS, RECEIVER
from orchestrator.core.values import RepeatedKeyError, read_json
from orchestrator.receivers.receiver import SECRET, Receiver, wrong_topic, wrong_url

_KEYS = ("url", "topic", "secret", "on", "graphs")


def receivers(text: str) -> dict[str, Receiver]:
    """The receivers by name. Raises ValueError with a sentence, which quotes no address."""
    try:
        found = read_json(text)
    except RepeatedKeyError:
        raise
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return {name: _receiver(name, keys) for name, keys in found.items()}
    raise ValueError('expected a JSON object such as {"ops": {"topic": "projects/P/topics/T"}}')


def _receiver(name: str, keys: object) -> Receiver:
    if not re.fullmatch(RECEIVER, name):
        raise ValueError(f"{name!r:.60}: expected a name of lower-case letters, digits and '-'")
    if not isinstance(keys, dict) or set(keys) - {*_KEYS}:
        raise ValueError(f"{name}: expected a mapping of the keys {', '.join(_KEYS)}")
    given: Mapping[str, Any] = {key: value for key, value in keys.items() if value is not None}
    if ("url" in given) == ("topic" in given):
        raise ValueError(f"{name}: expected either a url or a topic")
    for key in ("url", "topic", "secret"):
        if key in given and not isinstance(given[key], str):
            raise ValueError(f"{name}: {key}: expected text")
    wrong = wrong_url(given["url"]) if "url" in given else wrong_topic(given["topic"])
    if wrong is not None:
        raise ValueError(f"{name}: {wrong}")
    if "secret" in given and not re.fullmatch(SECRET, given["secret"]):
        raise ValueError(f"{name}: secret: expected the name of an environment variable that holds it")
    for key, allowed in (("on", OCCASIONS), ("graphs", None)):
        if key in given and not _are_texts(given[key], allowed):
            raise ValueError(f"{name}: {key}: expected a list of {', '.join(allowed or ('patterns of names',))}")
    lists = {key: tuple(given[key]) for key in ("on", "graphs") if key in given}
    return Receiver(name, given.get("url"), given.get("topic"), secret=given.get("secret"), **lists)


def _are_texts(value: object, allowed: tuple[str, ...] | None) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) and (allowed is None or item in allowed) for item in value
    )
