"""Descriptors that hold locks, as long as somebody has them open: what is forked off this process lets go of them.

What is started anew never gets them (PEP 446). A python step may fork and leave its child behind, which would hold the
lock of a run that nobody drives any more.
"""

import os

_held: set[int] = set()


def keep(descriptor: int) -> int:
    """``descriptor``, which no child that is forked off from now on keeps. To be closed by ``let_go``."""
    _held.add(descriptor)
    return descriptor


def let_go(descriptor: int) -> None:
    """Close it. Its lock is free if nobody else was given it."""
    _held.discard(descriptor)
    os.close(descriptor)


def _in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_in_child)
