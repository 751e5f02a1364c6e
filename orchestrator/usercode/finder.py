"""Finds users' modules for Python's import, by the names that ``names`` makes. It finds nothing else.

Each search looks into the folder itself: no list of its files is kept that could be older than they are.
"""

import builtins
import os
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import Any

from orchestrator.usercode.names import AROUND, folder_of, package_of


class _Own:
    """A loader's part: the module gets the builtins of its folder, whose ``__import__`` finds its neighbours."""

    #: The builtins of a package. Set by ``rooms``, which keeps them.
    builtins_of: Callable[[str], dict[str, Any]]

    def exec_module(self, module: ModuleType) -> None:
        package = package_of(module.__name__)
        assert package is not None, module.__name__
        vars(module)["__builtins__"] = _Own.builtins_of(package)
        super().exec_module(module)  # type: ignore[misc]


class _Source(_Own, SourceFileLoader):  # type: ignore[misc]  # typeshed's bases disagree about source_to_code
    pass


class _Compiled(_Own, SourcelessFileLoader):
    pass


#: As Python orders them.
_LOADERS: Sequence[tuple[Any, list[str]]] = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (_Source, SOURCE_SUFFIXES),
    (_Compiled, BYTECODE_SUFFIXES),
)


#: What was in the path before any user's code ran, such as the packages of an environment in a graph's folder.
EVERYBODYS = frozenset(sys.path)


def places(folder: str) -> list[str]:
    """Where modules of ``folder`` lie: there, and in the folders below it that users' code has put into the path."""
    root = real(folder)
    below = (place for place in sys.path if real(place).startswith(f"{root}{os.sep}"))
    return [folder, *(place for place in dict.fromkeys(below) if place not in EVERYBODYS)]


@lru_cache(maxsize=1024)
def real(place: str) -> str:
    return os.path.realpath(place) if place else ""


def look(name: str, places: Sequence[str]) -> ModuleSpec | None:
    """The module ``name`` in the first of the folders ``places`` that has it; or the folders of that name together."""
    portions: list[str] = []
    for place in places:
        found = FileFinder(place, *_LOADERS).find_spec(name)
        if found is not None and found.loader is not None:
            return found
        portions += (found.submodule_search_locations or ()) if found is not None else ()
    return _package(name, portions) if portions else None


def _package(name: str, places: list[str]) -> ModuleSpec:
    """A package without a file."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = places
    return spec


class _Finder:
    """One for all folders: a name says in which to look."""

    finds_users = True

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _: object = None) -> ModuleSpec | None:
        if not name.startswith(f"{AROUND}."):
            return None
        said, dot, inner = name[len(AROUND) + 1 :].partition(".")
        folder = folder_of(said)
        if folder is None:
            return None
        if not dot:
            return _package(name, [folder])
        return look(name, list(path or ()) if "." in inner else places(folder))


def gives_builtins(builtins_of: Callable[[str], dict[str, Any]]) -> None:
    """From now on the modules of a package get what ``builtins_of`` gives for it."""
    _Own.builtins_of = staticmethod(builtins_of)


def install() -> None:
    """Once a process, before all other finders: others would find the files, and load them as anybody's."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def builtins_with(import_: Any) -> dict[str, Any]:
    """Python's builtins, but for ``__import__``."""
    return {**vars(builtins), "__import__": import_}
