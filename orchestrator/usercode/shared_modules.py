"""Tells modules of the whole process from those in a graph's folder, which may have been put into ``sys.path``."""

import os
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from orchestrator.usercode.finder import EVERYBODYS, real

#: The real paths of the folders of all namespaces there ever were.
FOLDERS: set[str] = set()


class StandIn(ModuleType):
    """An entry of ``sys.modules`` that stands for the modules of one name in several folders."""


def is_users(place: str) -> bool:
    """Whether an entry of ``sys.path`` is a graph's folder or below one, and was added by users' code."""
    path = real(place)
    inside = any(path == folder or path.startswith(f"{folder}{os.sep}") for folder in FOLDERS)
    return inside and place not in EVERYBODYS


def everybodys(top: str) -> ModuleSpec | None:
    """The spec of the process's own module of that name; None if there is none. Raises ValueError if it has no spec."""
    module = sys.modules.get(top)
    if module is not None and not isinstance(module, StandIn):
        if module.__spec__ is None:
            raise ValueError(f"{top}.__spec__ is None")
        return module.__spec__
    return next((found for found in _found(top) if found is not None), None)


def is_everybodys(top: str) -> bool:
    """Whether the whole process has a module of that name."""
    try:
        return everybodys(top) is not None
    except ValueError:  # it exists, without a spec
        return True


def _found(top: str) -> Iterable[ModuleSpec | None]:
    for finder in sys.meta_path:
        if finder is PathFinder:
            yield PathFinder.find_spec(top, [place for place in sys.path if not is_users(place)])
        elif not getattr(finder, "finds_users", False):
            yield finder.find_spec(top, None)
