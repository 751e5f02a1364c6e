"""Whether the functions have the modules that a graph's own code imports. It reads the code and runs none of it."""

import ast
import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path

from orchestrator.definition.wording import listed, quoted
from orchestrator.locking.provision import REQUIREMENT, REQUIREMENTS, lines

#: The repository, where this is one: beside the package lies what is deployed with it.
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class _Import:
    """A module that ``file`` imports in ``line``, by its dotted name; ``names``: what is taken from it."""

    file: Path
    line: int
    module: str
    names: tuple[str, ...] = ()


def lacking(folder: Path, starts: Collection[Path]) -> Iterator[str]:
    """What of all that ``starts`` import, directly or through other files of ``folder``, the functions do not have.

    Where the orchestrator is installed without its repository nobody can tell what they have, and nothing is said.
    """
    table = _ROOT / "functions/left-out.json"
    if not table.is_file():
        return
    left_out = tuple(room.rstrip("/").removesuffix(".py") for room in json.loads(table.read_text()))
    own = folder / REQUIREMENTS
    there = _installed(frozenset(_named(_ROOT / REQUIREMENTS) | _named(own)))
    for found in _foreign(folder, starts):
        where = f"{found.file}:{found.line}: imports {quoted(found.module)}"
        top = found.module.partition(".")[0]
        if top == "orchestrator":
            if found.module.replace(".", "/").startswith(left_out):
                yield f"{where}, which is not deployed: do without it"
        elif top not in sys.stdlib_module_names and not _brought(found.module, there):
            brought = listed(sorted(_distributions(found.module)), "or")
            yield f"{where}, which the functions do not have: put {brought} into {own}"


def module_files(folder: Path, name: str) -> list[Path]:
    """The files of ``folder`` that an import of ``name`` runs: the module's, and those of the packages around it."""
    found, place = [], folder
    for part in name.split("."):
        for file in (place / part / "__init__.py", place / f"{part}.py"):
            if file.is_file():
                found.append(file)
                break
        place = place / part
    return found


def _foreign(folder: Path, starts: Collection[Path]) -> Iterator[_Import]:
    """The imports of modules that are not in ``folder``, each module once a file."""
    ready, seen = sorted(starts), set(starts)
    while ready:
        file = ready.pop()
        told: set[str] = set()
        for found in _imports(file, folder):
            top = found.module.partition(".")[0]
            local = (folder / top).is_dir() or (folder / f"{top}.py").is_file()
            if local:
                modules = [found.module, *(f"{found.module}.{name}" for name in found.names)]
                new = {inner for module in modules for inner in module_files(folder, module)} - seen
                seen |= new
                ready += sorted(new)
            for module in [] if local else _meant(found):
                if module not in told:
                    told.add(module)
                    yield replace(found, module=module)


def _imports(file: Path, folder: Path) -> Iterator[_Import]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError):  # whoever imports it says so
        return
    package = file.relative_to(folder).parent.parts
    ready: list[ast.AST] = [tree]
    while ready:
        node = ready.pop(0)
        match node:
            case ast.Import(names=aliases):
                yield from (_Import(file, node.lineno, alias.name) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                around = package[: len(package) - level + 1] if level else ()
                name = ".".join([*around, *([module] if module else [])])
                if name:
                    yield _Import(file, node.lineno, name, tuple(alias.name for alias in aliases))
                else:  # from . import x, at the top
                    yield from (_Import(file, node.lineno, alias.name) for alias in aliases)
            case ast.Try(handlers=handlers) if any(_catches_absence(handler) for handler in handlers):
                ready[:0] = [*handlers, *node.orelse, *node.finalbody]
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                ready[:0] = node.orelse
            case _:
                ready[:0] = ast.iter_child_nodes(node)


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    """Whether it is no trouble if what is tried is not there."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    absent = ("ImportError", "ModuleNotFoundError", "Exception")
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in absent) for kind in kinds)


def _named(file: Path) -> set[str]:
    """The distributions, with their extras, that a requirements file names."""
    return {_normal(match[1]) + (match[2] or "") for _, line in lines(file, []) if (match := REQUIREMENT.match(line))}


@cache
def _installed(named: frozenset[str]) -> frozenset[str]:
    """The names of ``named`` and of all that they need, as far as that is installed here to tell.

    Markers other than extras are not looked at: what is needed on another platform alone counts too.
    """
    ready, seen = sorted(named), set(named)
    while ready:
        name, _, extras = ready.pop().rstrip("]").partition("[")
        wanted = {_normal(extra.strip()) for extra in extras.split(",")}
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in needs:
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", need)
            if (match := REQUIREMENT.match(need)) and (extra is None or _normal(extra[1]) in wanted):
                further = _normal(match[1]) + (match[2] or "")
                ready += {further} - seen
                seen.add(further)
    return frozenset(name.partition("[")[0] for name in seen)


def _brought(module: str, there: Collection[str]) -> bool:
    """Whether one of the distributions ``there`` brings a module, if need be by its name alone."""
    top = module.partition(".")[0]
    if top not in _providers():
        return any(name == _normal(top) or name.startswith(f"{_normal(top)}-") for name in there)
    return not _distributions(module).isdisjoint(there)


def _meant(found: _Import) -> list[str]:
    """The modules whose distribution decides: of ``from google.cloud import storage`` it is the last one."""
    shared = len(_providers().get(found.module.partition(".")[0], ())) > 1
    inner = [f"{found.module}.{name}" for name in found.names] if shared and not _owners(found.module) else []
    return inner or [found.module]


def _distributions(module: str) -> set[str]:
    """The distributions that bring a module; if it is not installed here, the one that should be called like it."""
    top = module.partition(".")[0]
    known = {_normal(name) for name in _providers().get(top, ())}
    if len(known) > 1:
        return _owners(module) or {_normal(module)}
    return known or {_normal(top)}


def _owners(module: str) -> set[str]:
    """Which of the distributions that share the first part of its name bring a module, or else what is around it."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        names = _providers().get(parts[0], ())
        if found := {_normal(name) for name in names if any(_is_module(file, path) for file in _files(name))}:
            return found
    return set()


def _is_module(file: str, path: str) -> bool:
    """Whether ``file`` is the module at ``path``; a folder that several distributions share is none."""
    return file == f"{path}/__init__.py" or file.startswith(f"{path}.")


@cache
def _providers() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@cache
def _files(distribution: str) -> tuple[str, ...]:
    return tuple(str(file) for file in metadata.files(distribution) or ())


def _normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
