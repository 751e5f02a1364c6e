"""Rooms: the modules of one folder, as they see each other. Each folder has one that lasts; others are forgotten."""

import builtins
import importlib
import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.machinery import FrozenImporter
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from orchestrator.usercode.finder import builtins_with, gives_builtins, look, places, real
from orchestrator.usercode.names import AROUND, folder_of, plain, token
from orchestrator.usercode.shared_modules import FOLDERS, everybodys

#: As Python has them: ``asking`` asks these after the rooms.
import_module, find_spec = importlib.import_module, importlib.util.find_spec

_NUMBERS = itertools.count()
_ROOMS: dict[str, "Room"] = {}

#: By folder and name: what was found, so that the many launches of a step do not search.
_FOUND: dict[tuple[str, str], ModuleType] = {}

#: The folder that this process is for, if it is for one alone.
_ALONE: list[str] = []


class Room:
    """The modules of ``folder``, an absolute path, below ``package``. Safe from many threads, as Python's import is."""

    #: Lets a module stand for all of one name. Set by ``bare_names``, which makes it.
    stand_in: ClassVar[Callable[[str], None]]

    def __init__(self, package: str, folder: str) -> None:
        self.package = package
        self.folder = folder
        self._elsewhere: set[str] = set()

    @cached_property
    def builtins(self) -> dict[str, Any]:
        """What the modules of this room have as their ``__builtins__``."""
        return builtins_with(self._import)

    def has(self, top: str) -> bool:
        """Whether ``top``, the first part of a module's name, is found here."""
        if top in self._elsewhere:
            return False
        return self.name(top) in sys.modules or lies_beside(self.folder, top)

    def name(self, module: str) -> str:
        """What the module is called outside of this room."""
        return f"{self.package}.{module}"

    def module(self, name: str) -> ModuleType:
        """The module of that name in this room. Raises what importing raises, in the words of its users."""
        try:
            return import_module(self.name(name))
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith(f"{self.package}."):
                error.name, error.msg = plain(error.name), plain(error.msg)
                error.args = (error.msg,)
            raise

    def adopt(self, name: str, file: Path) -> ModuleType:
        """A module that somebody else runs: empty, and known to the others of this room."""
        import_module(self.package)
        module = ModuleType(self.name(name))
        module.__file__ = str(file)
        module.__package__ = self.package
        vars(module)["__builtins__"] = self.builtins
        sys.modules[module.__name__] = module
        return module

    def forget(self) -> None:
        """Let go of all modules of this room. Whoever holds one of them may go on with it."""
        _ROOMS.pop(self.package, None)
        around, _, last = self.package.rpartition(".")
        for name in list(sys.modules):
            if name == self.package or name.startswith(f"{self.package}."):
                sys.modules.pop(name, None)
        vars(sys.modules[around]).pop(last, None)

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  as Python calls it
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """``__import__``, which finds a neighbour first."""
        top = name.partition(".")[0]
        if level or not self.has(top):
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            if not level:
                self._elsewhere.add(top)  # it stays what it is, as with Python
            return found
        module = self.module(name)
        if isinstance(fromlist, list) and not fromlist:  # as C code asks, which then takes it from sys.modules
            Room.stand_in(name)
        if fromlist:
            return builtins.__import__(module.__name__, globals, locals, fromlist)
        return sys.modules[self.name(top)]


def room_of(package: str) -> Room:
    """The room whose modules are below ``package``."""
    if package not in _ROOMS:
        folder = folder_of(package.rpartition(".")[2])
        assert folder is not None, package
        FOLDERS.add(real(folder))
        _ROOMS.setdefault(package, Room(package, folder))
    return _ROOMS[package]


@contextmanager
def fresh(folder: Path) -> Iterator[Room]:
    """A room in which all is imported anew, and which is forgotten afterwards."""
    room = room_of(f"{AROUND}.{token(os.path.abspath(folder), next(_NUMBERS))}")
    try:
        yield room
    finally:
        room.forget()


def imported(name: str, folder: str | None, room: Room | None = None) -> ModuleType:
    """The module of that name, looked for in ``folder`` first: in ``room``, or in its lasting one.

    Raises what importing raises.
    """
    if folder is None or (_ALONE and os.path.abspath(folder) in _ALONE):
        return import_module(name)
    if room is None:
        found = _FOUND.get((folder, name))
        if found is not None and sys.modules.get(found.__name__) is found:
            return found
    here = room or room_of(f"{AROUND}.{token(os.path.abspath(folder))}")
    module = here.module(name) if here.has(name.partition(".")[0]) else import_module(name)
    if room is None:
        _FOUND[folder, name] = module
    return module


def alone(folder: str) -> None:
    """From now on this process imports the modules of ``folder``, and of no other, under the names that they have."""
    _ALONE[:] = [os.path.abspath(folder)]
    sys.path.insert(0, _ALONE[0])


def is_alone() -> bool:
    """Whether this process is for one folder alone."""
    return bool(_ALONE)


def lies_beside(folder: str, top: str) -> bool:
    """Whether ``import top`` in a module of ``folder`` means what lies there, as for a script in it.

    Not for what Python is made of, nor for this package; and a folder without ``__init__.py`` is asked last of all.
    """
    if not top or top == "orchestrator" or top in sys.builtin_module_names or FrozenImporter.find_spec(top):
        return False
    found = look(top, places(folder))
    if found is None or found.loader is not None:
        return found is not None
    code = (file for place in found.submodule_search_locations or () for file in Path(place).rglob("*.py"))
    return not _installed(top) and any(code)


def _installed(top: str) -> bool:
    """Whether there is a package or module of that name with a file, for everybody."""
    try:
        found = everybodys(top)
    except (ImportError, ValueError):  # it is there, and tells nothing
        return True
    return found is not None and found.origin is not None


gives_builtins(lambda package: room_of(package).builtins)
