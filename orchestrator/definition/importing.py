"""Users' modules, imported from a folder and forgotten again: another folder may use the same names. It runs none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Inside, modules can be imported from ``folder``, an absolute path; those that were are forgotten afterwards.

    What they print goes to standard error: it must not come out among our JSON.
    """
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
