"""What a module of users' code defines, by parsing it without running it."""

import ast
from collections.abc import Iterator

#: Calls by which a module can define names that its text does not show.
_HIDDEN = frozenset({"globals", "vars", "locals", "exec", "eval", "setattr", "__import__"})


def defined(tree: ast.Module) -> frozenset[str] | None:
    """The names at the top of the module; None if it may define others when it runs, as ``from x import *`` does."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")]) | ast.FunctionDef(name="__getattr__"):
                return None
            case ast.Name(id=name) if name in _HIDDEN:
                return None
            case ast.Attribute(attr="modules" | "__dict__"):  # sys.modules[__name__]
                return None
            case ast.Global(names=declared):
                names.update(declared)
    return frozenset(names.union(*map(_bound, _at_top(tree.body))))


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run in the module's own scope, also inside ``if``, ``try``, ``with`` and loops."""
    ready: list[ast.AST] = list(body)
    while ready:
        node = ready.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            ready += [inner for inner in ast.iter_child_nodes(node) if not isinstance(inner, ast.expr)]


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement itself binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case _:
            own = (
                inner
                for part in ast.iter_child_nodes(node)
                if not isinstance(part, ast.stmt)
                for inner in ast.walk(part)
            )
            return {inner.id for inner in own if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
