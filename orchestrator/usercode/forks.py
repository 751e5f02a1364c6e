"""Users' code may fork, and its child would return into ours, and do what its parent does too. It ends there instead.

(What ``multiprocessing`` forks never returns.)
"""

import os
import sys

_EXIT = os._exit


def one_returns(number: int) -> None:
    """After users' code, in a ``finally``: only the process that went in, whose ``number`` it is, comes out."""
    if os.getpid() != number:
        _EXIT(0 if sys.exc_info()[0] is None else 1)
