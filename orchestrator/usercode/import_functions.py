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

from orchestrator.usercode.bare_names import asked_by, asking
from orchestrator.usercode.finder import look, places
from orchestrator.usercode.rooms import Room, find_spec, import_module
from orchestrator.usercode.shared_modules import is_everybodys


def install() -> None:
    """Once a process."""
    importlib.import_module = _import_module
    importlib.util.find_spec = _find_spec


@wraps(import_module)
def _import_module(name: str, package: str | None = None) -> ModuleType:
    room = _room(sys._getframe(1), name)
    return import_module(name, package) if room is None else room.module(name)


@wraps(find_spec)
def _find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
    frame = sys._getframe(1)
    room = _room(frame, name)
    if room is None:
        return find_spec(name, package)
    if frame.f_globals.get("__name__") == "runpy":  # which runs it under the name that it asked for
        around = name.rpartition(".")[0]
        return look(name, room.module(around).__path__ if around else places(room.folder))
    return find_spec(room.name(name))


def _room(frame: FrameType, name: str) -> Room | None:
    """The room in which ``name`` is to be found for the code that a frame runs; None if that is not in one."""
    top = name.partition(".")[0]
    if (room := asking(frame)) is not None:
        return room if room.has(top) else None
    room = asked_by(frame)
    return room if room is not None and room.has(top) and not is_everybodys(top) else None
