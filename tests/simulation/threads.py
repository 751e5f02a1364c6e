"""Threads: in some worlds a process serves several handlers at once, which share its memory.

Between any two statements of the product, one of them may be suspended and another of the same process goes on, as with
real threads. If a process is killed, so are all its handlers.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from inspect import getsource
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from orchestrator.engine import Engine

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Where a process keeps what its threads share.
SHARED = (
    *(f"orchestrator.engine{name}" for name in ("", ".checking", ".claiming", ".launching", ".ledger", ".rendering")),
    *(
        f"orchestrator.engine.{name}"
        for name in ("cache", "consistency", "duplicate_jobs", "proof", "signal", "sweeping")
    ),
    *(f"orchestrator.jobs.{name}" for name in ("wait", "dataflow.backend", "dataflow.status")),
)
SHARED_IN_FIRESTORE = tuple(
    f"orchestrator.stores.firestore.{name}"
    for name in ("store", "calls", "ids", "lists", "plans", "refusals", "snapshots")
)

#: Most seconds for which a thread is suspended.
SUSPENDED = 2.0

#: What is called between two statements.
_CALLED = "_between_two_statements"


class Threads:
    """Suspends the handlers of a world, with the probability of its weather."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._before: list[tuple[FunctionType, CodeType]] = []

    def begin(self) -> None:
        """From now on what the product does is cut up into statements."""
        if not self._world.weather.threads:
            return
        for name in (*SHARED, *(SHARED_IN_FIRESTORE if self._world.weather.firestore else ())):
            vars(import_module(name))[_CALLED] = self._between
            for function, cut in _cut(name):
                self._before.append((function, function.__code__))
                function.__code__ = cut

    def close(self) -> None:
        """The product is as it was."""
        while self._before:
            function, code = self._before.pop()
            function.__code__ = code

    def clock(self, clock: Callable[[], float]) -> Callable[[], float]:
        """That clock: when somebody has read it, others may go on before he does."""
        if not self._world.weather.threads:
            return clock

        def read() -> float:
            now = clock()
            self._between()
            return now

        return read

    def forgetful(self, engine: Engine) -> Engine:
        """That engine, which remembers one run and one plan alone, so that its threads make each other read again."""
        if self._world.weather.threads:
            engine.ledger._runs._most = engine.ledger._plans._most = 1
        return engine

    def _between(self) -> None:
        world = self._world
        if world.random.random() < world.weather.threads and world.loop.beside(SUSPENDED):
            world.count("thread: suspended between two statements")
            seconds = 0.0 if world.weather.is_calm else world.random.random() * SUSPENDED
            world.loop.pause("between two statements", seconds)

    def died(self, process: int) -> None:
        """A process is gone, and its threads are too."""
        if self._world.weather.threads and self._world.loop.crash(process):
            self._world.count("process: dies with all its threads")


class _Cutter(ast.NodeTransformer):
    """Puts a call before each statement of each function, but for those that hold a lock, which nobody else gets."""

    def __init__(self) -> None:
        self._inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outside, self._inside = self._inside, True
        made = self.generic_visit(node)
        self._inside = outside
        return made

    def visit_With(self, node: ast.With) -> ast.AST:
        locks = [item for item in node.items if ast.unparse(item.context_expr).endswith("_lock")]
        return node if locks else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if self._inside and isinstance(statements, list) and not isinstance(node, ast.ClassDef):
                setattr(node, name, list(_with_calls(statements)))
        return node


def _with_calls(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        match statement:
            case ast.Expr(ast.Constant()):  # a docstring
                pass
            case _:
                call = ast.Expr(ast.Call(ast.Name(_CALLED, ast.Load()), [], []))
                yield ast.fix_missing_locations(ast.copy_location(call, statement))
        yield statement


@cache
def _cut(name: str) -> list[tuple[FunctionType, CodeType]]:
    """The functions of a module, and the code of each with a call before each statement."""
    module = import_module(name)
    assert module.__file__ is not None
    made = compile(_Cutter().visit(ast.parse(getsource(module))), module.__file__, "exec", dont_inherit=True)
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _within(made)}
    functions = {id(found): found for found in _functions(module, vars(module))}
    places = [(found, (found.__code__.co_qualname, found.__code__.co_firstlineno)) for found in functions.values()]
    return [(found, codes[place]) for found, place in places if place in codes]


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)


def _functions(module: ModuleType, names: dict[str, Any]) -> Iterator[FunctionType]:
    """All functions that ``names``, of a module or of a class in it, stand for, whatever they are wrapped in."""
    for found in names.values():
        inner = getattr(found, "fget", None) or getattr(found, "func", None) or getattr(found, "__func__", found)
        inner = getattr(inner, "__wrapped__", inner)
        if getattr(inner, "__module__", None) != module.__name__:
            continue
        if isinstance(inner, FunctionType):
            yield inner
        elif isinstance(inner, type):
            yield from _functions(module, dict(vars(inner)))
