"""Ctrl-C and SIGTERM: the first asks a loop to stop, the second ends the process. Jobs are not touched."""

import os
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(stop: Callable[[], None], signals: Collection[signal.Signals] = SIGNALS) -> Iterator[None]:
    """Inside the block, the first signal calls ``stop``, and every further one raises KeyboardInterrupt.

    ``signals``: none outside of the process's main thread, which alone may say what a signal does.
    """
    asked, process = False, os.getpid()

    def hear(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if os.getpid() != process:  # a child that a step's function forked: end it as usual
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif asked:
            raise KeyboardInterrupt
        else:
            asked = True
            stop()

    before = {number: signal.signal(number, hear) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
