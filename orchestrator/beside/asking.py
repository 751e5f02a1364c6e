"""``importlib.import_module`` and ``importlib.util.find_spec``, where users' code asks them, itself or through others.

They do what they did for everybody else. For the modules of a room they find its modules first; and where a library is
asked by one, such as ``unittest.mock.patch("common.load")`` or ``importlib.resources.files("tables")``, what it cannot
find otherwise. Put in place once, and never taken away.
"""

import importlib
import importlib.util
import sys
from functools import wraps
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

from orchestrator.beside.names import package_of
from orchestrator.beside.rooms import Room, find_spec, import_module, room_of


def install() -> None:
    """Once a process."""
    importlib.import_module = _import_module
    importlib.util.find_spec = _find_spec


@wraps(import_module)
def _import_module(name: str, package: str | None = None) -> ModuleType:
    room = _of(sys._getframe(1))
    top = name.partition(".")[0]
    if room is not None and room.has(top):
        return room.module(name)
    try:
        return import_module(name, package)
    except ModuleNotFoundError as error:
        room = _asked_by(sys._getframe(1)) if error.name == top else None
        if room is None or not room.has(top):
            raise
    return room.module(name)


@wraps(find_spec)
def _find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
    room = _of(sys._getframe(1))
    top = name.partition(".")[0]
    if room is not None and room.has(top):
        return find_spec(room.name(name))
    found, absence = None, None
    try:
        found = find_spec(name, package)
    except ModuleNotFoundError as error:  # what is around it is not there
        absence = error
    if found is None and (room := _asked_by(sys._getframe(1))) is not None and room.has(top):
        return find_spec(room.name(name))
    if absence is not None:
        raise absence
    return found


def _of(frame: FrameType | None) -> Room | None:
    """The room of the code that a frame runs."""
    package = package_of(str(frame.f_globals.get("__name__"))) if frame is not None else None
    return None if package is None else room_of(package)


def _asked_by(frame: FrameType | None) -> Room | None:
    """The room of the nearest users' code that is waiting for what a frame runs."""
    while frame is not None:
        if (room := _of(frame)) is not None:
            return room
        frame = frame.f_back
    return None
