"""Closes the descriptors of locks in forked processes, so that the locks end with this process.

New programs do not inherit them (PEP 446). But a python step may fork, and a child that is left behind would keep the
lock of a run that no process drives any more.
"""

import os

_held: set[int] = set()


def keep(descriptor: int) -> int:
    """Return ``descriptor``, which processes forked from now on close. Close it with ``let_go``."""
    _held.add(descriptor)
    return descriptor


def let_go(descriptor: int) -> None:
    """Close the descriptor; its lock is released if no other process has it."""
    _held.discard(descriptor)
    os.close(descriptor)


def _in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_in_child)
