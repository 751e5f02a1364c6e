"""Namespaces: the modules of one folder, as they import each other. A folder has a lasting one, and temporary ones."""

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

from orchestrator.usercode.finder import builtins_with, find, gives_builtins, places, real
from orchestrator.usercode.names import AROUND, folder_of, plain, token
from orchestrator.usercode.shared_modules import FOLDERS, everybodys

#: Python's own functions, kept before ``import_functions`` replaces them.
import_module, find_spec = importlib.import_module, importlib.util.find_spec

_NUMBERS = itertools.count()
_NAMESPACES: dict[str, "Namespace"] = {}

#: (folder, module name) -> module: a cache, so that the launches of a step do not search again.
_FOUND: dict[tuple[str, str], ModuleType] = {}

#: The folder that this process works for, if it works for one folder only.
_ALONE: list[str] = []


class Namespace:
    """The modules of ``folder``, an absolute path, below ``package``. Thread-safe, as Python's import is."""

    #: Puts a stand-in for all modules of one name into ``sys.modules``. Set by ``bare_names``.
    stand_in: ClassVar[Callable[[str], None]]

    def __init__(self, package: str, folder: str) -> None:
        self.package = package
        self.folder = folder
        self._elsewhere: set[str] = set()

    @cached_property
    def builtins(self) -> dict[str, Any]:
        """The ``__builtins__`` of this namespace's modules."""
        return builtins_with(self._import)

    def has(self, top: str) -> bool:
        """Whether ``top``, the first part of a module's name, is found here."""
        if top in self._elsewhere:
            return False
        return self.name(top) in sys.modules or lies_beside(self.folder, top)

    def name(self, module: str) -> str:
        """The module's full name, as in ``sys.modules``."""
        return f"{self.package}.{module}"

    def module(self, name: str) -> ModuleType:
        """Import a module of this namespace. Raises what importing raises, with module names as users write them."""
        try:
            return import_module(self.name(name))
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith(f"{self.package}."):
                error.name, error.msg = plain(error.name), plain(error.msg)
                error.args = (error.msg,)
            raise

    def adopt(self, name: str, file: Path) -> ModuleType:
        """Register an empty module, whose code the caller runs, so that the others of this namespace can import it."""
        import_module(self.package)
        module = ModuleType(self.name(name))
        module.__file__ = str(file)
        module.__package__ = self.package
        vars(module)["__builtins__"] = self.builtins
        sys.modules[module.__name__] = module
        return module

    def forget(self) -> None:
        """Remove all modules of this namespace from ``sys.modules``. References to them stay usable."""
        _NAMESPACES.pop(self.package, None)
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
        """``__import__``, which looks in this namespace first."""
        top = name.partition(".")[0]
        if level or not self.has(top):
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            if not level:
                self._elsewhere.add(top)  # as in Python, a name that was imported keeps its meaning
            return found
        module = self.module(name)
        if isinstance(fromlist, list) and not fromlist:  # a call from C code, which then reads sys.modules
            Namespace.stand_in(name)
        if fromlist:
            return builtins.__import__(module.__name__, globals, locals, fromlist)
        return sys.modules[self.name(top)]


def namespace_of(package: str) -> Namespace:
    """The namespace whose modules are below ``package``, made if there is none yet."""
    if package not in _NAMESPACES:
        folder = folder_of(package.rpartition(".")[2])
        assert folder is not None, package
        FOLDERS.add(real(folder))
        _NAMESPACES.setdefault(package, Namespace(package, folder))
    return _NAMESPACES[package]


@contextmanager
def fresh(folder: Path) -> Iterator[Namespace]:
    """A temporary namespace, in which every module is imported anew."""
    namespace = namespace_of(f"{AROUND}.{token(os.path.abspath(folder), next(_NUMBERS))}")
    try:
        yield namespace
    finally:
        namespace.forget()


def imported(name: str, folder: str | None, namespace: Namespace | None = None) -> ModuleType:
    """Import a module, from ``folder`` if it is there: in ``namespace``, or in the folder's lasting one.

    Raises what importing raises.
    """
    if folder is None or (_ALONE and os.path.abspath(folder) in _ALONE):
        return import_module(name)
    if namespace is None:
        found = _FOUND.get((folder, name))
        if found is not None and sys.modules.get(found.__name__) is found:
            return found
    here = namespace or namespace_of(f"{AROUND}.{token(os.path.abspath(folder))}")
    module = here.module(name) if here.has(name.partition(".")[0]) else import_module(name)
    if namespace is None:
        _FOUND[folder, name] = module
    return module


def alone(folder: str) -> None:
    """From now on this process imports the modules of ``folder``, and of no other folder, under their plain names."""
    _ALONE[:] = [os.path.abspath(folder)]
    sys.path.insert(0, _ALONE[0])


def is_alone() -> bool:
    """Whether this process works for one folder only."""
    return bool(_ALONE)


def lies_beside(folder: str, top: str) -> bool:
    """Whether ``import top`` in a module of ``folder`` means a file there, as in a script of that folder.

    Never for built-in and frozen modules, nor for this package. A folder without ``__init__.py`` is considered only if
    no installed package has that name.
    """
    if not top or top == "orchestrator" or top in sys.builtin_module_names or FrozenImporter.find_spec(top):
        return False
    found = find(top, places(folder))
    if found is None or found.loader is not None:
        return found is not None
    code = (file for place in found.submodule_search_locations or () for file in Path(place).rglob("*.py"))
    return not _installed(top) and any(code)


def _installed(top: str) -> bool:
    """Whether a package or module of that name, with a file, is installed for the whole process."""
    try:
        found = everybodys(top)
    except (ImportError, ValueError):  # it exists, without a usable spec
        return True
    return found is not None and found.origin is not None


gives_builtins(lambda package: namespace_of(package).builtins)
