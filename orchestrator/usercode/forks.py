"""Ends processes that users' code forks, where they would return into our code and repeat their parent's work.

(Processes forked by ``multiprocessing`` never return.)
"""

import os
import sys

_EXIT = os._exit


def one_returns(number: int) -> None:
    """Call after users' code, in a ``finally``: ends every process but ``number``, the one that called the code."""
    if os.getpid() != number:
        _EXIT(0 if sys.exc_info()[0] is None else 1)
