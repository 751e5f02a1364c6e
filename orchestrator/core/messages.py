"""Effects: what is owed, as tasks with deterministic names and a JSON form. Tasks of older versions can still be read.

An effect's name depends only on what it asks for, so a queue that accepts a name only once drops duplicates.
"""

import hmac
import json
import re
from dataclasses import dataclass, field, replace

from orchestrator.core.occasions import OCCASIONS, RECEIVER
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
    """Launch an attempt of a step, or adopt its job if it was launched already. ``due``: not before this time.

    ``proof``: shows that the sender knows the run's seal, and so could tell that the launch is owed. May be empty.
    ``releases``: how many times the step was released from a hold. It is part of the name, because an earlier launch
    may have been refused.
    """

    run: str
    node: int
    attempt: int
    due: float = 0.0
    proof: str = field(default="", repr=False)
    releases: int = 0

    def proved(self, seal: str) -> "Launch":
        """The same launch, signed with the run's ``seal``."""
        said = f"{self.run}-{self.node}-{self.attempt}-{self.due!r}"
        return replace(self, proof=hmac.digest(seal.encode(), said.encode(), "sha256").hex()[:PROOF_LENGTH])

    def is_proved(self, seal: str) -> bool:
        """Whether it was signed with ``seal``. An empty seal proves nothing."""
        return seal != "" and hmac.compare_digest(self.proof, self.proved(seal).proof)

    @property
    def name(self) -> str:
        name = f"{self.run}-{self.node:x}-launch-{self.attempt}"
        return f"{name}-released-{self.releases}" if self.releases else name


@dataclass(frozen=True, slots=True)
class Check:
    """Check an attempt's job. Checks belong to a chain, and ``number`` counts those of one chain.

    A check of the chain ``watchdog`` needs no signal, ``signal`` follows a signal, ``event`` a signal that says that
    the job has ended, and ``sweep…`` a sweep. ``stop`` first asks the job to stop. ``late`` looks for further jobs of
    the attempt, launched by mistake.
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
    """End a step that its trigger rule does not let run: as skipped or upstream_failed."""

    run: str
    node: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-skip"


@dataclass(frozen=True, slots=True)
class Pass:
    """Pass on what has arrived at a gate. ``early``: its successes so far, this many; 0: all of it."""

    run: str
    node: int
    due: float = 0.0
    early: int = 0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-pass" + (f"-{self.early}" if self.early else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """Limit the time for which a step waits: begin it at the first arrival, or, if it has a ``due``, end it."""

    run: str
    node: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-limit" + ("-over" if self.due else "")


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run. ``after``: a node whose job kept running until now, which may have kept the run from ending."""

    run: str
    due: float = 0.0
    after: int = -1

    @property
    def name(self) -> str:
        return f"{self.run}-finish" + (f"-{self.after:x}" if self.after >= 0 else "")


@dataclass(frozen=True, slots=True)
class Release:
    """Release a held step at ``due``, if the hold that was made at ``of`` is still in effect."""

    run: str
    node: int
    due: float
    of: float

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-release-{round(self.of * 1000):x}"


@dataclass(frozen=True, slots=True)
class Announce:
    """Put the notifications of a step onto the queue whose ``attempt`` has failed in the end."""

    run: str
    node: int
    attempt: int
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.run}-{self.node:x}-announce-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Notify:
    """Notify the receiver ``to`` of an occasion: of the run, or of an attempt of the step with the number ``step``."""

    run: str
    to: str
    occasion: str
    step: int = -1
    of_attempt: int = 0
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.id}-to-{self.to}"

    @property
    def id(self) -> str:
        """The notification's id, the same for every receiver and every try, so that a receiver can drop repetitions."""
        step = f"-{self.step:x}-{self.of_attempt}" if self.step >= 0 else ""
        return f"{self.run}-{self.occasion.replace('_', '-')}{step}"


Effect = Launch | Check | Skip | Pass | Limit | Finish | Release | Announce | Notify

_KINDS: dict[str, type[Effect]] = {
    "launch": Launch,
    "check": Check,
    "skip": Skip,
    "pass": Pass,
    "limit": Limit,
    "finish": Finish,
    "release": Release,
    "announce": Announce,
    "notify": Notify,
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

#: Characters of a launch's proof: 128 bits of HMAC-SHA-256 in hexadecimal.
PROOF_LENGTH = 32

_PROOF = re.compile(rf"([0-9a-f]{{{PROOF_LENGTH}}})?")

#: Valid names of chains. A sweep's contains the sweep's epoch, and says whether its checks ask the job to stop.
_CHAIN = re.compile(rf"{WATCHDOG}|{SIGNAL}|{EVENT}|{STOP}|{LATE}|{SWEEP}[A-Za-z0-9_-]{{0,80}}")

#: The pattern of each text field of a task, and what a matching text is called in messages.
_TEXTS = {
    "run": (_KEY, "a run's key"),
    "chain": (_CHAIN, "a chain of checks"),
    "proof": (_PROOF, "a launch's proof"),
    "to": (re.compile(RECEIVER), "the name of a receiver"),
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
    "releases": (0, 10**6),
    "early": (0, 10**6),
}


def encode(effect: Effect) -> str:
    """The effect as compact JSON, well below 1 KB."""
    kind = type(effect)
    fields = {written: getattr(effect, name) for written, name, _ in _FIELDS[kind]}
    return _text({"v": VERSION, "do": _NAMES[kind], **fields})


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
