"""What of the modules is everybody's, and what lies in a graph's folder, which may have been put into ``sys.path``."""

import os
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from orchestrator.usercode.finder import EVERYBODYS, real

#: Where users' modules lie: the folders of all rooms that there ever were, by their real paths.
FOLDERS: set[str] = set()


class StandIn(ModuleType):
    """In ``sys.modules`` for the modules of one name in several folders: nobody's own."""


def is_users(place: str) -> bool:
    """Whether a folder of ``sys.path`` is a graph's or below it, and was put there by users' code."""
    path = real(place)
    inside = any(path == folder or path.startswith(f"{folder}{os.sep}") for folder in FOLDERS)
    return inside and place not in EVERYBODYS


def everybodys(top: str) -> ModuleSpec | None:
    """How a module of that name is found for the whole process; None if there is none. ValueError: it does not say."""
    module = sys.modules.get(top)
    if module is not None and not isinstance(module, StandIn):
        if module.__spec__ is None:
            raise ValueError(f"{top}.__spec__ is None")
        return module.__spec__
    return next((found for found in _found(top) if found is not None), None)


def is_everybodys(top: str) -> bool:
    """Whether there is a module of that name for the whole process."""
    try:
        return everybodys(top) is not None
    except ValueError:  # it is there, and does not say how it was found
        return True


def _found(top: str) -> Iterable[ModuleSpec | None]:
    for finder in sys.meta_path:
        if finder is PathFinder:
            yield PathFinder.find_spec(top, [place for place in sys.path if not is_users(place)])
        elif not getattr(finder, "finds_users", False):
            yield finder.find_spec(top, None)
