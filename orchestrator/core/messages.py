"""Effects: what is owed, their deterministic names, and their JSON. A task made by an older version is still read.

An effect's name is a function of what it asks for, so that a queue which refuses a name twice drops the duplicates.
"""

import json
import re
from dataclasses import dataclass, replace

VERSION = 1

#: The chains of looks at a job. Each look has its own number, so each has a name of its own.
WATCHDOG = "watchdog"
SIGNAL = "signal"
EVENT = "event"
SWEEP = "sweep"
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Launch:
    """Launch an attempt of a step, or adopt the job if it was launched before. ``due``: not before that time."""

    run: str
    node: int
    attempt: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-launch-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Check:
    """Look at an attempt's job. ``look`` counts the looks of one chain: ``watchdog``, ``signal``, or a sweep's; or
    ``event``, that of a signal which knows that the job has ended.

    The looks of the chain ``stop`` ask the job to stop, first of all.
    """

    run: str
    node: int
    attempt: int
    chain: str = WATCHDOG
    look: int = 0
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-check-{self.attempt}-{self.chain}-{self.look}"

    def next(self, due: float) -> "Check":
        """The following look of this chain."""
        return replace(self, look=self.look + 1, due=due)


@dataclass(frozen=True, slots=True)
class Skip:
    """End a step that its join does not let run: skipped or upstream_failed."""

    run: str
    node: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-skip"


@dataclass(frozen=True, slots=True)
class Pass:
    """Let through what has arrived at a gate."""

    run: str
    node: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-pass"


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run. ``after``: a node whose job went on until now, so that the run may not have ended for its sake."""

    run: str
    due: float = 0.0
    after: int = -1

    @property
    def name(self) -> str:
        return f"{self.run}-finish" + (f"-{self.after:x}" if self.after >= 0 else "")


Effect = Launch | Check | Skip | Pass | Finish

_KINDS: dict[str, type[Effect]] = {
    "launch": Launch,
    "check": Check,
    "skip": Skip,
    "pass": Pass,
    "finish": Finish,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}

_text = json.JSONEncoder(separators=(",", ":")).encode


#: What the texts of a task are made of: they become part of its name, and of a document's path.
_TEXT = re.compile(r"[A-Za-z0-9_-]{1,100}")


def encode(effect: Effect) -> str:
    """Compact JSON, well below 1 KB."""
    fields = {name: getattr(effect, name) for name in effect.__dataclass_fields__}
    return _text({"v": VERSION, "do": _NAMES[type(effect)], **fields})


def decode(text: str | bytes) -> Effect:
    """The effect in ``text``. Fields it does not know are left aside. Raises ValueError if it is none of ours."""
    body = json.loads(text)
    kind = _KINDS.get(str(body.get("do"))) if isinstance(body, dict) else None
    if kind is None:
        raise ValueError(f"expected a task of the orchestrator, came {text[:200]!r}")
    known = kind.__dataclass_fields__
    try:
        effect = kind(**{name: value for name, value in body.items() if name in known})
    except TypeError as error:
        raise ValueError(f"a task lacks a field: {error}") from error
    for name, field in known.items():
        if not _fits(value := getattr(effect, name), field.type):
            raise ValueError(f"a task's {name}: expected {_EXPECTED[field.type]}, came {value!r:.60}")
    return effect


def _fits(value: object, kind: object) -> bool:
    """Whether a field of a task is what it must be. JSON, as Python reads it, has numbers of any size, and NaN."""
    if kind is str:
        return isinstance(value, str) and _TEXT.fullmatch(value) is not None
    if isinstance(value, bool) or not isinstance(value, int | float if kind is float else int):
        return False
    return abs(value) < 2**53  # and so no NaN either


_EXPECTED: dict[object, str] = {
    str: "letters, digits, '_' and '-'",
    int: "a whole number",
    float: "a time in seconds since the epoch",
}
