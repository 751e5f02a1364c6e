"""The clock of one machine's world: seconds since the epoch that pass as time does, whatever is done to the clock.

Who waits for a moment that was computed before somebody set the clock back by an hour would wait for that hour too. So
the time of day is asked once, when the process begins. Also what is stored in a home keeps its meaning: a process that
takes a run over begins no earlier than the last moment that the run has seen (``not_before``).
"""

import time
from collections.abc import Callable
from functools import partial

#: A clock that nobody can set, and that goes on while the machine sleeps: CLOCK_BOOTTIME on Linux, see
#: clock_gettime(2); macOS's CLOCK_MONOTONIC does so too.
_UNSET = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


#: Seconds since some moment, which pass however the clock is set. It is asked nine times a step, so in C.
passing: Callable[[], float] = partial(time.clock_gettime, _UNSET)


class SteadyClock:
    """Tells the time of day as it was when this was made, and what has passed since. For any number of threads."""

    def __init__(self, wall: Callable[[], float] = time.time, passed: Callable[[], float] = passing) -> None:
        self._passed = passed
        self._begin = wall() - passed()

    def __call__(self) -> float:
        return self._begin + self._passed()

    def not_before(self, moment: float) -> None:
        """Go on from ``moment`` if that has not come: it has been seen, so the clock was set back since."""
        self._begin += max(0.0, moment - self())
