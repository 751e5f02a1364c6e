"""Breaks the product in this process, as a mutant says: for processes that look whether it is noticed, and end."""

import ast
import gc
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tests.simulation.mutations.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]

#: The module of what a look returns to another process: of a second copy of it, that would be of another class.
_LOOKING = "tests.simulation.looking"


def mutated(mutant: Mutant) -> str:
    """The text of the mutant's file. Raises ValueError if what it replaces is not there once."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} has changed, so this mutant must too: {mutant.old!r}")
    return text.replace(mutant.old, mutant.new)


def break_as(mutant: Mutant) -> None:
    """Break it. Where only functions change, those that were imported get the new code, which takes no time.

    Otherwise all modules are forgotten, so that whoever imports them from now on has them anew.
    """
    path, text = ROOT / mutant.file, mutated(mutant)
    before = path.read_text(encoding="utf-8")
    if _shape(before) == _shape(text) and _exchanged(str(path), before, text):
        return
    ours = [name for name in sys.modules if name.partition(".")[0] in ("orchestrator", "tests")]
    for name in [name for name in ours if name != _LOOKING]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(str(path), text))


class _Bodiless(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [ast.Pass()]
        return node


def _shape(text: str) -> str:
    """All of a module but the bodies of its functions."""
    return ast.dump(_Bodiless().visit(ast.parse(text)))


def _functions(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType) and "<" not in const.co_qualname:
            yield const
            yield from _functions(const)


def _exchanged(path: str, before: str, text: str) -> bool:
    """Give the functions of a module that was imported the code that they have in ``text``. False if there are none."""
    old, new = (_functions(compile(source, path, "exec")) for source in (before, text))
    gc.unfreeze()  # or some would not be found
    codes = {(code.co_qualname, code.co_firstlineno): other for code, other in zip(old, new, strict=True)}
    found = [each for each in gc.get_objects() if isinstance(each, FunctionType) and each.__code__.co_filename == path]
    for function in found:
        key = function.__code__.co_qualname, function.__code__.co_firstlineno
        function.__code__ = codes.get(key, function.__code__)
    return bool(found)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a module with another text than that of its file."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin != self._path:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=_Loader(fullname, self._path, self._text)
        )
