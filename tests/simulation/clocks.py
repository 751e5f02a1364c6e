"""The clocks of the machines: each is wrong, within a bound, and some of them jump."""

from collections.abc import Callable
from random import Random

#: The probability that a jumping clock jumps when it is read.
JUMPS = 0.02


class WrongClock:
    """``truth``, plus or minus ``most`` seconds. ``jumps``: the error changes suddenly, forwards and backwards."""

    def __init__(
        self, truth: Callable[[], float], most: float, jumps: Callable[[], None] | None, random: Random
    ) -> None:
        self._truth = truth
        self._most = most
        self._jumps = jumps
        self._random = random
        self._wrong = random.uniform(-most, most)

    def __call__(self) -> float:
        if self._jumps is not None and self._random.random() < JUMPS:
            self._wrong = self._random.uniform(-self._most, self._most)
            self._jumps()
        return self._truth() + self._wrong
