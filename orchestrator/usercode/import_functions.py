"""Replaces ``importlib.import_module`` and ``importlib.util.find_spec``, so that users' code finds its own modules.

For other callers nothing changes. Called by a module of a namespace, they look in that namespace first. Called by a
library that such a module calls, as in ``unittest.mock.patch("common.load")`` or
``importlib.resources.files("tables")``, they look there if nothing else has that name. Installed once per process, and
never removed.
"""

import importlib
import importlib.util
import sys
from functools import wraps
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

from orchestrator.usercode.bare_names import asked_by, asking
from orchestrator.usercode.finder import find, places
from orchestrator.usercode.namespaces import Namespace, find_spec, import_module
from orchestrator.usercode.shared_modules import is_everybodys


def install() -> None:
    """Call once per process."""
    importlib.import_module = _import_module
    importlib.util.find_spec = _find_spec


@wraps(import_module)
def _import_module(name: str, package: str | None = None) -> ModuleType:
    namespace = _namespace(sys._getframe(1), name)
    return import_module(name, package) if namespace is None else namespace.module(name)


@wraps(find_spec)
def _find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
    frame = sys._getframe(1)
    namespace = _namespace(frame, name)
    if namespace is None:
        return find_spec(name, package)
    if frame.f_globals.get("__name__") == "runpy":  # runpy runs the module under the name that it asks for
        around = name.rpartition(".")[0]
        return find(name, namespace.module(around).__path__ if around else places(namespace.folder))
    return find_spec(namespace.name(name))


def _namespace(frame: FrameType, name: str) -> Namespace | None:
    """The namespace in which the code of ``frame`` finds ``name``; None if it is found outside of all namespaces."""
    top = name.partition(".")[0]
    if (namespace := asking(frame)) is not None:
        return namespace if namespace.has(top) else None
    namespace = asked_by(frame)
    return namespace if namespace is not None and namespace.has(top) and not is_everybodys(top) else None
