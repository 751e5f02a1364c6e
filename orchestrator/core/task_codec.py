"""Converts effects to the text of a task and back. Tasks of older versions can still be read."""

import json
import re

from orchestrator.core import messages
from orchestrator.core.messages import EVENT, LATE, PROOF_LENGTH, SIGNAL, STOP, SWEEP, WATCHDOG, Effect
from orchestrator.core.names import RUN_ID
from orchestrator.core.occasions import OCCASIONS, RECEIVER
from orchestrator.core.times import LATEST

VERSION = 1

_KINDS: dict[str, type[Effect]] = {
    "launch": messages.Launch,
    "check": messages.Check,
    "skip": messages.Skip,
    "pass": messages.Pass,
    "limit": messages.Limit,
    "finish": messages.Finish,
    "release": messages.Release,
    "announce": messages.Announce,
    "notify": messages.Notify,
    "deadline": messages.Deadline,
    "missed": messages.MissedStart,
}

_NAMES = {kind: name for name, kind in _KINDS.items()}

_text = json.JSONEncoder(separators=(",", ":")).encode

#: Fields whose name in JSON differs, because older versions called them so.
_WRITTEN_AS = {"number": "look"}

#: The fields of each kind: their name in JSON, their name in Python, and their type.
_FIELDS = {
    kind: tuple((_WRITTEN_AS.get(name, name), name, known.type) for name, known in kind.__dataclass_fields__.items())
    for kind in _NAMES
}

#: A valid key of a run. It becomes part of a document's path, where Firestore reserves names such as ``__x__``.
_KEY = re.compile(r"[a-z0-9]{1,100}")

_PROOF = re.compile(rf"([0-9a-f]{{{PROOF_LENGTH}}})?")

#: Valid names of chains. A sweep's contains the sweep's epoch, and says whether its checks ask the job to stop.
_CHAIN = re.compile(rf"{WATCHDOG}|{SIGNAL}|{EVENT}|{STOP}|{LATE}|{SWEEP}[A-Za-z0-9_-]{{0,80}}")

#: The pattern of each text field of a task, and what a matching text is called in messages.
_TEXTS = {
    "run": (_KEY, "a run's key"),
    "chain": (_CHAIN, "a chain of checks"),
    "proof": (_PROOF, "a launch's proof"),
    "to": (re.compile(f"({RECEIVER})?"), "the name of a receiver"),
    "run_id": (re.compile(RUN_ID), "a run's id"),
    "graph": (re.compile(RUN_ID), "a graph's name"),
    "occasion": (re.compile("|".join(OCCASIONS)), "an occasion"),
}

#: The minimum and maximum of each number field of a task.
_RANGES: dict[str, tuple[float, float]] = {
    "node": (0, 10**6),
    "step": (-1, 10**6),
    "after": (-1, 10**6),
    "attempt": (1, 10**6),
    "of_attempt": (0, 10**6),
    "look": (0, 10**9),
    "due": (0, LATEST),
    "of": (0, LATEST),
    "at": (0, LATEST),
    "releases": (0, 10**6),
    "early": (0, 10**6),
    "ahead": (0, 1),
}


def encode(effect: Effect) -> str:
    """The effect as compact JSON, well below 1 KB."""
    kind = type(effect)
    body = {"v": VERSION, "do": _NAMES[kind]}
    for written, name, _ in _FIELDS[kind]:
        body[written] = getattr(effect, name)
    return _text(body)


def decode(text: str | bytes) -> Effect:
    """The effect in ``text``. Unknown fields are ignored. Raises ValueError if it is not a task of the orchestrator.

    A change that older programs must not ignore increases ``VERSION``, and they refuse such tasks. Refused tasks are
    not lost: a sweep puts what is still owed onto the queue again, in its own version.
    """
    body = json.loads(text)
    kind = _KINDS.get(str(body.get("do"))) if isinstance(body, dict) else None
    if kind is None:
        raise ValueError(f"expected a task of the orchestrator, got {text[:200]!r}")
    if type(version := body.get("v")) is not int or version != VERSION:
        raise ValueError(f"a task's v: this program reads version {VERSION}, got {version!r:.60}")
    fields = _FIELDS[kind]
    try:
        effect = kind(**{name: body[written] for written, name, _ in fields if written in body})
    except TypeError as error:
        raise ValueError(f"a task lacks a field: {error}") from error
    for written, name, expected in fields:
        if wrong := _wrong(written, expected, getattr(effect, name)):
            raise ValueError(f"a task's {written}: {wrong}")
    return effect


def _wrong(name: str, kind: object, value: object) -> str:
    """What is wrong with a field's value; "" if nothing. Python reads numbers of any size, and NaN, from JSON."""
    if kind is str:
        pattern, expected = _TEXTS[name]
        fits = isinstance(value, str) and pattern.fullmatch(value) is not None
        return "" if fits else f"expected {expected}, got {value!r:.60}"
    least, most = _RANGES[name]
    number = not isinstance(value, bool) and isinstance(value, int | float if kind is float else int)
    if number and least <= value <= most:  # type: ignore[operator]
        return ""
    expected = "a time in seconds since the epoch" if kind is float else f"a whole number from {least} to {most}"
    return f"expected {expected}, got {value!r:.60}"
