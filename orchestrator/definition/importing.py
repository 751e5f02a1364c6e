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

#: The folders that room was made for.
_SERVED: set[Path] = set()

#: What was asked for since room was last made, which is still what would be found for that folder.
_FOUND: dict[tuple[str, str], ModuleType] = {}


def imported(name: str, folder: str | None) -> ModuleType:
    """The module of that name, looked for in ``folder`` first, and remembered. Raises what importing raises.

    Every launch of a step asks: while only one folder's modules are asked for, they are found without a walk of all.
    """
    with _IMPORTING:
        if folder is None:
            return importlib.import_module(name)
        found = _FOUND.get((folder, name))
        if found is not None and sys.modules.get(name) is found and sys.path[0] == folder:
            return found
        _make_room(Path(folder))
        sys.path[:] = [folder, *(path for path in sys.path if path != folder)]
        before = set(sys.modules)
        module = importlib.import_module(name)
        _REMEMBERED.update(dict.fromkeys(set(sys.modules) - before, Path(folder)))
        _FOUND[folder, name] = module
        return module


def _make_room(folder: Path) -> None:
    """Forget what was imported for other folders under the names of this one's modules: Python knows names alone."""
    for known in [known for known in _FOUND if Path(known[0]) != folder]:
        del _FOUND[known]
    _SERVED.add(folder)
    here = {path.stem for path in folder.glob("*") if path.is_dir() or path.suffix == ".py"}
    ours = [name for name in sys.modules if name.partition(".")[0] in here]
    for name in [name for name in ours if _home(name, folder) != folder]:
        del sys.modules[name]
        _REMEMBERED.pop(name, None)


def _home(name: str, folder: Path) -> Path:
    """The folder that a module was imported for; ``folder`` if none is known to be another one's.

    What a function imports while it runs is not remembered, so it is known by the folder in which it lies.
    """
    if name in _REMEMBERED:
        return _REMEMBERED[name]
    module = sys.modules[name]
    if _lies_in(module, folder):
        return folder
    return next((other for other in _SERVED if _lies_in(module, other)), folder)


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
        new = [name for name in sys.modules if name not in before]
        for name in [name for name in new if _lies_in(sys.modules[name], folder)]:
            del sys.modules[name]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    """A package without ``__init__.py`` has no file, but places, which it asks of the package around it each time.

    (No ``getattr``: a lazy module may raise anything.)
    """
    known = vars(module)
    places = [known.get("__file__"), *(known.get("__path__") or ())]
    return any(isinstance(place, str) and Path(place).is_relative_to(folder) for place in places)
