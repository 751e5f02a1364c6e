"""Users' modules, imported from their folders, of which several may use the same names. It runs none of them."""

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType

#: One import at a time; and for which folder each module was imported that is remembered.
_IMPORTING = threading.RLock()
_REMEMBERED: dict[str, Path] = {}


def imported(name: str, folder: str | None) -> ModuleType:
    """The module of that name, looked for in ``folder`` first, and remembered. Raises what importing raises."""
    with _IMPORTING:
        if folder is None:
            return importlib.import_module(name)
        _make_room(Path(folder))
        sys.path[:] = [folder, *(path for path in sys.path if path != folder)]
        before = set(sys.modules)
        module = importlib.import_module(name)
        _REMEMBERED.update(dict.fromkeys(set(sys.modules) - before, Path(folder)))
        return module


def _make_room(folder: Path) -> None:
    """Forget what was imported for other folders under the names of this one's modules: Python knows names alone."""
    here = {path.stem for path in folder.glob("*") if path.is_dir() or path.suffix == ".py"}
    for name in [name for name in sys.modules if name.partition(".")[0] in here]:
        if _REMEMBERED.get(name, folder) != folder:
            del sys.modules[name], _REMEMBERED[name]


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Inside, modules can be imported from ``folder``, an absolute path; those that were are forgotten afterwards.

    What they print goes to standard error: it must not come out among our JSON.
    """
    _make_room(folder)
    before, known = dict(sys.modules), list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = known
        for name, module in list(sys.modules.items()):
            if name not in before and _lies_in(module, folder):
                del sys.modules[name]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    """A package without ``__init__.py`` has no file, but places. (No ``getattr``: a lazy module may raise anything.)"""
    known = vars(module)
    places = [known.get("__file__"), *(known.get("__path__") or ())]
    return any(isinstance(place, str) and Path(place).is_relative_to(folder) for place in places)
