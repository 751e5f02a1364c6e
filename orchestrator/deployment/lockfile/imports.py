"""Finds what the modules of a graph's folder import, by parsing the code without running it."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.usercode import lies_beside


@dataclass(frozen=True, slots=True)
class Import:
    """A module that ``file`` imports in ``line``, by its dotted name; ``names``: what is imported from it."""

    file: Path
    line: int
    module: str
    names: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """The first part of the module's name."""
        return self.module.partition(".")[0]

    @property
    def inner(self) -> list[str]:
        """The dotted names of what is imported from the module; each may be a module itself."""
        return [f"{self.module}.{name}" for name in self.names]


def foreign_imports(folder: Path, starts: Collection[Path]) -> Iterator[Import]:
    """Imports of modules outside of ``folder``, by ``starts`` and by all files of ``folder`` that these import."""
    ready, seen = sorted(starts), set(starts)
    while ready:
        for found in _imports(ready.pop(), folder):
            if lies_beside(str(folder), found.top):
                files = {file for module in (found.module, *found.inner) for file in module_files(folder, module)}
                ready += sorted(files - seen)
                seen |= files
            else:
                yield found


def module_files(folder: Path, name: str) -> list[Path]:
    """The files of ``folder`` that an import of ``name`` runs: the module's, and those of its parent packages."""
    found, place = [], folder
    for part in name.split("."):
        for file in (place / part / "__init__.py", place / f"{part}.py"):
            if file.is_file():
                found.append(file)
                break
        place = place / part
    return found


def _imports(file: Path, folder: Path) -> Iterator[Import]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the import will report it
        return
    package = file.relative_to(folder).parent.parts
    ready: list[ast.AST] = [tree]
    while ready:
        node = ready.pop(0)
        match node:
            case ast.Import(names=aliases):
                yield from (Import(file, node.lineno, alias.name) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                around = package[: len(package) - level + 1] if level else ()
                name = ".".join([*around, *([module] if module else [])])
                if name:
                    yield Import(file, node.lineno, name, tuple(alias.name for alias in aliases))
                else:  # from . import x, at the top
                    yield from (Import(file, node.lineno, alias.name) for alias in aliases)
            case ast.Try(handlers=handlers) if any(_catches_absence(handler) for handler in handlers):
                ready[:0] = [*handlers, *node.orelse, *node.finalbody]
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                ready[:0] = node.orelse
            case _:
                ready[:0] = ast.iter_child_nodes(node)


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    """Whether the handler catches the error of a module that is not installed."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    absent = ("ImportError", "ModuleNotFoundError", "Exception")
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in absent) for kind in kinds)
