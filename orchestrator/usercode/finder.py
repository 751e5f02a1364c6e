"""The finder of users' modules for Python's import system, by the names that ``names`` makes.

Each search reads the folder itself: no list of files is cached, since it could be out of date.
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
    """A mixin for loaders: the module gets the builtins of its folder, whose ``__import__`` finds its neighbours."""

    #: The builtins of a package. Set by ``namespaces``.
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


#: In Python's order.
_LOADERS: Sequence[tuple[Any, list[str]]] = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (_Source, SOURCE_SUFFIXES),
    (_Compiled, BYTECODE_SUFFIXES),
)


#: ``sys.path`` before any user's code ran; it may contain an environment inside a graph's folder.
EVERYBODYS = frozenset(sys.path)


def places(folder: str) -> list[str]:
    """Where modules of ``folder`` are looked for: there, and in folders below it that users' code put into sys.path."""
    root = real(folder)
    below = (place for place in sys.path if real(place).startswith(f"{root}{os.sep}"))
    return [folder, *(place for place in dict.fromkeys(below) if place not in EVERYBODYS)]


@lru_cache(maxsize=1024)
def real(place: str) -> str:
    return os.path.realpath(place) if place else ""


def find(name: str, places: Sequence[str]) -> ModuleSpec | None:
    """The spec of the module ``name`` in the first of the folders ``places`` that has it, or of a namespace package."""
    portions: list[str] = []
    for place in places:
        found = FileFinder(place, *_LOADERS).find_spec(name)
        if found is not None and found.loader is not None:
            return found
        portions += (found.submodule_search_locations or ()) if found is not None else ()
    return _package(name, portions) if portions else None


def _package(name: str, places: list[str]) -> ModuleSpec:
    """The spec of a package without a file."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = places
    return spec


class _Finder:
    """One finder for all folders: the module's name says in which to look."""

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
        return find(name, list(path or ()) if "." in inner else places(folder))


def gives_builtins(builtins_of: Callable[[str], dict[str, Any]]) -> None:
    """From now on each module gets the builtins that ``builtins_of`` returns for its package."""
    _Own.builtins_of = staticmethod(builtins_of)


def install() -> None:
    """Call once per process: the finder must precede all others, which would load the files for everybody."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def builtins_with(import_: Any) -> dict[str, Any]:
    """Python's builtins, with another ``__import__``."""
    return {**vars(builtins), "__import__": import_}
