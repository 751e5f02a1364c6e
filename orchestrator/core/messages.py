"""Effects: what is owed, as tasks with deterministic names. task_codec.py gives them their JSON form.

An effect's name depends only on what it asks for, so a queue that accepts a name only once drops duplicates.
"""

import hmac
from dataclasses import dataclass, field, replace

#: The chains of checks of a job. Each check of a chain has its own number, and so its own name.
WATCHDOG = "watchdog"
SIGNAL = "signal"
EVENT = "event"
SWEEP = "sweep"
STOP = "stop"
LATE = "late"

#: Characters of a launch's proof: 128 bits of HMAC-SHA-256 in hexadecimal.
PROOF_LENGTH = 32


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
    """Notify the receiver ``to`` of an occasion: of the run, or of an attempt of the step with the number ``step``.

    ``ahead``: 1 if a deadline is only expected to be missed.
    """

    run: str
    to: str
    occasion: str
    step: int = -1
    of_attempt: int = 0
    due: float = 0.0
    ahead: int = 0

    @property
    def name(self) -> str:
        return f"{self.id}-to-{self.to}"

    @property
    def id(self) -> str:
        """The notification's id, the same for every receiver and every try, so that a receiver can drop repetitions."""
        step = f"-{self.step:x}-{self.of_attempt}" if self.step >= 0 else ""
        return f"{self.run}-{self.occasion.replace('_', '-')}{'-ahead' * self.ahead}{step}"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Look whether deadlines of the run are, or will be, missed: at ``due``, or because of an attempt of a step.

    ``after`` and ``of_attempt``: the number of that step, and of that attempt.
    """

    run: str
    due: float = 0.0
    after: int = -1
    of_attempt: int = 0

    @property
    def name(self) -> str:
        which = f"{self.after:x}-{self.of_attempt}" if self.after >= 0 else f"at-{round(self.due * 1000):x}"
        return f"{self.run}-deadline-{which}"


@dataclass(frozen=True, slots=True)
class MissedStart:
    """Notify receivers that a start of a schedule, which was due ``at`` a time, did not happen; or one of them, ``to``.

    ``run``: a key made of ``run_id``, the id that the run would have.
    """

    run: str
    run_id: str
    graph: str
    at: float
    to: str = ""
    due: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.id}-to-{self.to}" if self.to else self.id

    @property
    def id(self) -> str:
        """The notification's id."""
        return f"{self.run}-missed-start"


#: What a run that exists owes, or tells of itself.
EffectOfRun = Launch | Check | Skip | Pass | Limit | Finish | Release | Announce | Notify | Deadline

Effect = EffectOfRun | MissedStart
