"""The faults of an embedded world, and how often they occur. They are drawn from its seed."""

from dataclasses import dataclass
from random import Random

#: Every kind of fault here; a test asserts that each happened.
EVERYTHING = (
    "driver: killed", "driver: interrupted", "machine: restarted", "clock: set back", "clock: set forward",
    "disk: full", "launch: no room", "end: heard late", "end: not heard", "ends: more than a batch",
    "job: adopted", "job: found", "driver: killed when it had begun a process",
    "person: holds", "person: holds until", "person: releases",
    "process: vanished", "disk: full in the middle of a turn", "pool: full",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Luck:
    """``kills``: the most lines after which a driver is killed; 0 for never. The others are probabilities.

    ``fills``: that a disk is full from one write on, which may be in the middle of a turn.
    ``launches``: that a driver is killed right after it began a process.
    ``vanishes``: that a process which outlived its driver is killed with its shell under the next one.
    """

    kills: int = 0
    launches: float = 0.0
    interrupts: float = 0.0
    vanishes: float = 0.0
    restarts: float = 0.0
    sets: float = 0.0
    full: float = 0.0
    fills: float = 0.0
    short: float = 0.0
    late: float = 0.0
    unheard: float = 0.0
    together: bool = False

    @property
    def delays_nothing(self) -> bool:
        """Whether nothing but a full disk makes the run take longer than it must."""
        killed = (self.kills, self.launches, self.interrupts, self.restarts)
        return not any((*killed, self.short, self.late, self.unheard, self.together))

    @classmethod
    def drawn(cls, random: Random) -> "Luck":
        def some(*odds: float) -> float:
            return random.choice((0.0, *odds))

        if random.random() < 0.3:
            return cls(sets=some(0.01, 0.05), full=some(0.01, 0.1), fills=some(0.003, 0.02))
        return cls(
            kills=random.choice([0, 0, 3_000, 30_000]),
            launches=some(0.3),
            interrupts=some(0.003, 0.01),
            restarts=some(0.3),
            sets=some(0.01, 0.05),
            full=some(0.01),
            short=some(0.1, 0.3),
            late=some(0.3),
            unheard=some(0.1),
            together=random.random() < 0.3,
            vanishes=some(0.3, 0.9, 0.9),
            fills=some(0.003),
        )
