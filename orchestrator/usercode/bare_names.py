"""Bare names, where Python's own import is asked for them and not a room's: by ``builtins.__import__``, ``pydoc``,
``runpy`` or pickles, also when a graph's folder was put into ``sys.path``.

What lies in a graph's folder is never loaded as everybody's. Who asks for it gets a module that stands for all of that
name: to whatever code uses it, it has what the module beside that code has.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

from orchestrator.usercode.finder import look
from orchestrator.usercode.names import package_of
from orchestrator.usercode.rooms import Room, find_spec, is_alone, room_of
from orchestrator.usercode.shared_modules import StandIn, everybodys, is_everybodys, is_users


def asking(frame: FrameType | None) -> Room | None:
    """The room of the code that a frame runs."""
    package = package_of(str(frame.f_globals.get("__name__"))) if frame is not None else None
    return None if package is None else room_of(package)


def asked_by(frame: FrameType | None) -> Room | None:
    """The room of the nearest users' code that is waiting for what a frame runs."""
    while frame is not None:
        if (room := asking(frame)) is not None:
            return room
        frame = frame.f_back
    return None


def stand_in(name: str) -> None:
    """From now on a module that stands for all of that name is in ``sys.modules``, unless everybody has one."""
    if not is_everybodys(name.partition(".")[0]):
        sys.modules.setdefault(name, _Module(name))


class _Module(StandIn):
    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands for the module of this name that lies beside the code which uses it.")
        self.__spec__ = ModuleSpec(name, _Loader(), is_package=True)
        self.__path__: list[str] = []

    def __getattr__(self, attribute: str) -> Any:
        room = asked_by(sys._getframe(1))
        if room is None or not room.has(self.__name__.partition(".")[0]):
            raise AttributeError(_unknown(self.__name__))
        module = room.module(self.__name__)
        below = sys.modules.get(f"{self.__name__}.{attribute}")
        return below if isinstance(below, StandIn) and not hasattr(module, attribute) else getattr(module, attribute)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It has what others have."""


class _Finder:
    """Finds what stands for users' modules; and for those who have none of a name, what everybody has."""

    finds_users = True

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        top, dot, _ = name.partition(".")
        if is_alone() or (dot and not isinstance(sys.modules.get(top), StandIn)):
            return None
        if not dot and (found := everybodys(name)) is not None:
            return found
        room = asked_by(sys._getframe(1))
        if room is not None and room.has(top):
            return ModuleSpec(name, _Loader(), is_package=True) if _is_in(room, name) else None
        if not dot and look(name, [place for place in sys.path if is_users(place)]) is not None:
            raise ModuleNotFoundError(_unknown(name), name=name)
        return None


def _is_in(room: Room, name: str) -> bool:
    try:
        return find_spec(room.name(name)) is not None
    except ModuleNotFoundError:  # what is around it is no package
        return False


def _unknown(name: str) -> str:
    fix = "import it there with 'import', and hand over what it has"
    return f"No module named {name!r} for all graphs: it lies beside some of them, and no code of theirs asks: {fix}"


def install() -> None:
    """Once a process, before the finder that looks into ``sys.path``."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder())


Room.stand_in = staticmethod(stand_in)
