"""Effects: what is owed, with deterministic names and a JSON form. Tasks of older versions are still read.

An effect's name is a function of what it asks for, so that a queue which refuses a name twice drops the duplicates.
"""

import hmac
import json
import re
from dataclasses import dataclass, field, replace

from orchestrator.core.times import LATEST

VERSION = 1

#: The chains of checks of a job. Each check of a chain has its own number, and so its own name.
WATCHDOG = "watchdog"
SIGNAL = "signal"
EVENT = "event"
SWEEP = "sweep"
STOP = "stop"
LATE = "late"


@dataclass(frozen=True, slots=True)
class Launch:
    """Launch an attempt of a step, or adopt the job if it was launched before. ``due``: not before that time.

    ``proof``: that whoever asks for it knows the run's seal, and so could see that it is owed; empty if he did not say.
    """

    run: str
    node: int
    attempt: int
    due: float = 0.0
    proof: str = field(default="", repr=False)

    def proved(self, seal: str) -> "Launch":
        """The same, with the proof that a run's ``seal`` makes for it alone."""
        said = f"{self.run}-{self.node}-{self.attempt}-{self.due!r}"
        return replace(self, proof=hmac.digest(seal.encode(), said.encode(), "sha256").hex()[:PROOF_LENGTH])

    def is_proved(self, seal: str) -> bool:
        """Whether it has that proof. An empty seal proves nothing."""
        return seal != "" and hmac.compare_digest(self.proof, self.proved(seal).proof)

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-launch-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Check:
    """Check an attempt's job. ``number`` counts the checks of one chain: ``watchdog``, ``signal``, a sweep's, or
    ``event``, the chain of a signal that knows that the job has ended.

    The checks of the chain ``stop`` first ask the job to stop. Those of ``late`` look for jobs that the attempt has
    besides its own.
    """

    run: str
    node: int
    attempt: int
    chain: str = WATCHDOG
    number: int = 0
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-check-{self.attempt}-{self.chain}-{self.number}"

    def next(self, due: float) -> "Check":
        """The next check of this chain."""
        return replace(self, number=self.number + 1, due=due)


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

#: Fields that have another name in a task's JSON, as in older versions.
_WRITTEN_AS = {"number": "look"}

#: The fields of each kind: their name in JSON, their own name, and their type.
_FIELDS = {
    kind: tuple((_WRITTEN_AS.get(name, name), name, known.type) for name, known in kind.__dataclass_fields__.items())
    for kind in _NAMES
}


#: What a run's key is made of. It becomes part of a document's path, where Firestore allows no ``__x__``.
_KEY = re.compile(r"[a-z0-9]{1,100}")

#: Characters of a launch's proof: 128 bits of HMAC-SHA-256 in hexadecimal.
PROOF_LENGTH = 32

_PROOF = re.compile(rf"([0-9a-f]{{{PROOF_LENGTH}}})?")

#: The names of chains. A sweep's contains its epoch, and says whether its checks ask the job to stop.
_CHAIN = re.compile(rf"{WATCHDOG}|{SIGNAL}|{EVENT}|{STOP}|{LATE}|{SWEEP}[A-Za-z0-9_-]{{0,80}}")

#: What a text of a task can be, and what it is then.
_TEXTS = {"run": (_KEY, "a run's key"), "chain": (_CHAIN, "a chain of checks"), "proof": (_PROOF, "a launch's proof")}

#: The least and the most that a number of a task can be.
_RANGES: dict[str, tuple[float, float]] = {
    "node": (0, 10**6),
    "after": (-1, 10**6),
    "attempt": (1, 10**6),
    "look": (0, 10**9),
    "due": (0, LATEST),
}


def encode(effect: Effect) -> str:
    """Compact JSON, well below 1 KB."""
    kind = type(effect)
    fields = {written: getattr(effect, name) for written, name, _ in _FIELDS[kind]}
    return _text({"v": VERSION, "do": _NAMES[kind], **fields})


def decode(text: str | bytes) -> Effect:
    """The effect in ``text``. Fields it does not know are left aside. Raises ValueError if it is none of ours.

    A change that an older program cannot leave aside gets a version of its own, which older ones refuse. What a task is
    refused for is not lost: a sweep puts what is still owed again, in the version of whoever sweeps.
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
    """Why a field of a task cannot be that. JSON, as Python reads it, has numbers of any size, and NaN."""
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
