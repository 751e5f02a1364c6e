"""``python -m tests.attack``: tries each attack in a folder of its own, and says what came of it.

An attack is a module of this package with ``attack(folder)``: it raises AssertionError if the product gave way, and
otherwise returns what was tried, with its figures, in one line. The first line of its docstring says what it attacks.
"""

import argparse
import pkgutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import tests.attack


def attacks(only: str = "") -> list[ModuleType]:
    """All attacks whose name has ``only`` in it."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.attack.__path__))
    return [
        import_module(f"tests.attack.{name}") for name in names if not name.startswith(("_", "test_")) and only in name
    ]


def tried(module: ModuleType) -> bool:
    """Whether the product held."""
    name, begun = module.__name__.rpartition(".")[2], time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"attack-{name}-") as folder:
        try:
            said, held = module.attack(Path(folder)), True
        except Exception:  # noqa: BLE001 - whatever it raises is what came of the attack; the others are tried too
            said, held = traceback.format_exc(), False
    print(f"{'held ' if held else 'BROKE'} {name:24} {time.monotonic() - begun:5.1f} s  {said}", flush=True)
    return held


def main(arguments: Sequence[str]) -> int:
    """Try them. 1 if any of them broke something."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--only", default="", help="attacks whose name has this in it")
    parser.add_argument("--list", action="store_true", help="say what there is")
    chosen = parser.parse_args(arguments)
    found = attacks(chosen.only)
    if chosen.list:
        for module in found:
            print(f"{module.__name__.rpartition('.')[2]:24} {(module.__doc__ or '').splitlines()[0]}")
        return 0
    if not found:
        parser.error(f"no attack has '{chosen.only}' in its name: --list says what there is")
    broke = [module for module in found if not tried(module)]
    print(f"{len(found)} attacks, {len(broke)} broke something")
    return 1 if broke else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
