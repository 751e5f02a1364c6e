"""Checks that the functions have the modules that a graph's own code imports."""

import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from orchestrator.deployment.lockfile.distributions import brought, decisive, distributions, named, with_needs
from orchestrator.deployment.lockfile.folder_settings import REQUIREMENTS
from orchestrator.deployment.lockfile.imports import Import, foreign_imports
from orchestrator.text import listed, quoted

#: The root of the repository, if this is a checkout: it contains what is deployed beside the package.
_ROOT = Path(__file__).resolve().parents[3]


def lacking(folder: Path, starts: Collection[Path]) -> Iterator[str]:
    """Messages about modules that the functions lack: ``starts`` import them, directly or through files of ``folder``.

    If the orchestrator is installed without its repository, what the functions have is unknown: there are no messages.
    """
    table = _ROOT / "functions/left-out.json"
    if not table.is_file():
        return
    left_out = {room.rstrip("/").removesuffix(".py").replace("/", ".") for room in json.loads(table.read_text())}
    there = with_needs(frozenset(named(_ROOT / REQUIREMENTS) | named(folder / REQUIREMENTS)))
    told: set[tuple[Path, str]] = set()
    for found in foreign_imports(folder, starts):
        for module, wrong in _wrong(found, left_out, there, folder / REQUIREMENTS):
            if (found.file, module) not in told:
                told.add((found.file, module))
                yield f"{found.file}:{found.line}: imports {quoted(module)}, which {wrong}"


def _wrong(found: Import, left_out: Collection[str], there: Collection[str], own: Path) -> Iterator[tuple[str, str]]:
    """The modules of an import that the functions lack, with the rest of the message."""
    if found.top == "orchestrator":
        for module in (found.module, *found.inner):
            if any(f"{module}.".startswith(f"{room}.") for room in left_out):
                yield module, "is not deployed: remove the import"
                return
    elif found.top not in sys.stdlib_module_names:
        for module in decisive(found):
            if not brought(module, there):
                needed = listed(sorted(distributions(module)), "or")
                yield module, f"the functions do not have: put {needed} into {own}"
