"""The clock of the embedded form: seconds since the epoch, unaffected by changes of the system's clock.

If the clock were set back by an hour, every pending delay would take an hour longer. So the time of day is read once,
when the process starts. A process that takes over a run starts no earlier than the last time recorded in that run
(``not_before``), so that stored times keep their meaning.
"""

import time
from collections.abc import Callable
from functools import partial

#: A clock that nobody can set, and that goes on while the machine sleeps: CLOCK_BOOTTIME on Linux, see
#: clock_gettime(2); macOS's CLOCK_MONOTONIC does so too.
_UNSET = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


#: Seconds since some moment, however the clock is set. In C, since it is called nine times per step.
passing: Callable[[], float] = partial(time.clock_gettime, _UNSET)


class SteadyClock:
    """The time of day when this was made, plus the time that has passed since. Thread-safe."""

    def __init__(self, wall: Callable[[], float] = time.time, passed: Callable[[], float] = passing) -> None:
        self._passed = passed
        self._begin = wall() - passed()

    def __call__(self) -> float:
        return self._begin + self._passed()

    def not_before(self, moment: float) -> None:
        """Continue from ``moment`` if it lies ahead: it was recorded, so the system's clock has been set back since."""
        self._begin += max(0.0, moment - self())
