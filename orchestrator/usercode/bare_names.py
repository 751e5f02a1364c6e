"""Users' modules by their plain names, where Python's own import is called and not a namespace's: by
``builtins.__import__``, ``pydoc``, ``runpy`` or ``pickle``, also when a graph's folder was put into ``sys.path``.

A module in a graph's folder is never loaded for the whole process. The caller gets a stand-in for all modules of that
name: each attribute is looked up in the module that lies beside the code that reads it.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

from orchestrator.usercode.finder import find
from orchestrator.usercode.names import package_of
from orchestrator.usercode.namespaces import Namespace, find_spec, is_alone, namespace_of
from orchestrator.usercode.shared_modules import StandIn, everybodys, is_everybodys, is_users


def asking(frame: FrameType | None) -> Namespace | None:
    """The namespace of the code that ``frame`` runs; None if it is not users' code."""
    package = package_of(str(frame.f_globals.get("__name__"))) if frame is not None else None
    return None if package is None else namespace_of(package)


def asked_by(frame: FrameType | None) -> Namespace | None:
    """The namespace of the nearest users' code among ``frame`` and its callers."""
    while frame is not None:
        if (namespace := asking(frame)) is not None:
            return namespace
        frame = frame.f_back
    return None


def stand_in(name: str) -> None:
    """Put a stand-in for all modules of that name into ``sys.modules``, unless the whole process has such a module."""
    if not is_everybodys(name.partition(".")[0]):
        sys.modules.setdefault(name, _Module(name))


class _Module(StandIn):
    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands for the module of this name beside the code that uses it.")
        self.__spec__ = ModuleSpec(name, _Loader(), is_package=True)
        self.__path__: list[str] = []

    def __getattr__(self, attribute: str) -> Any:
        namespace = asked_by(sys._getframe(1))
        if namespace is None or not namespace.has(self.__name__.partition(".")[0]):
            raise AttributeError(_unknown(self.__name__))
        module = namespace.module(self.__name__)
        below = sys.modules.get(f"{self.__name__}.{attribute}")
        return below if isinstance(below, StandIn) and not hasattr(module, attribute) else getattr(module, attribute)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: its attributes are those of other modules."""


class _Finder:
    """Finds stand-ins for users' modules, and for callers without a module of that name, the process's own module."""

    finds_users = True

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        top, dot, _ = name.partition(".")
        if is_alone() or (dot and not isinstance(sys.modules.get(top), StandIn)):
            return None
        if not dot and (found := everybodys(name)) is not None:
            return found
        namespace = asked_by(sys._getframe(1))
        if namespace is not None and namespace.has(top):
            return ModuleSpec(name, _Loader(), is_package=True) if _is_in(namespace, name) else None
        if not dot and find(name, [place for place in sys.path if is_users(place)]) is not None:
            raise ModuleNotFoundError(_unknown(name), name=name)
        return None


def _is_in(namespace: Namespace, name: str) -> bool:
    try:
        return find_spec(namespace.name(name)) is not None
    except ModuleNotFoundError:  # its parent is not a package
        return False


def _unknown(name: str) -> str:
    fix = "import it with 'import' in a module beside the graph, and pass on what is needed"
    return f"No module named {name!r} for all graphs: it is beside some of them only: {fix}"


def install() -> None:
    """Call once per process: installs the finder before the one for ``sys.path``."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder())


Namespace.stand_in = staticmethod(stand_in)
