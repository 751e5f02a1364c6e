"""Runs a Python graph file and takes its ``graph``. Every error in it is reported with its line."""

import os
from pathlib import Path as FilePath

from orchestrator.core import graph as core
from orchestrator.definition import schedules, untrusted
from orchestrator.definition.authoring import Graph
from orchestrator.definition.checks import check
from orchestrator.errors import InvalidGraphError, OrchestratorError, Problem
from orchestrator.text import quoted, said, shown
from orchestrator.usercode import fresh, plain, printing_aside
from orchestrator.usercode.forks import one_returns


def load_python(name: str, text: str) -> core.Graph:
    """The graph that the file ``name``, whose content is ``text``, has in its variable ``graph``.

    Raises InvalidGraphError, also for what the file itself raises.
    """
    path, process = FilePath(name).absolute(), os.getpid()
    with fresh(path.parent) as namespace, printing_aside():
        module = namespace.adopt(path.stem, path)
        try:
            code = compile(text, name, "exec")
            try:
                exec(code, module.__dict__)
            finally:
                one_returns(process)
        except SyntaxError as error:
            raise _wrong(name, error.lineno or 1, f"this is not Python: {error.msg}") from error
        except InvalidGraphError:
            raise  # its problems have their lines already
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a user's file may raise anything
            raise _wrong(name, _line(name, error), _said(error)) from error
    match vars(module).get("graph"):
        case Graph() as graph:
            return graph.model
        case core.Graph() as graph:
            if problems := graph.problems() + check(graph) + untrusted.check(graph) + schedules.check(graph):
                raise InvalidGraphError(problems, [f"{name}:1: {line}" for line in InvalidGraphError(problems).lines])
            return graph
        case None:
            raise _wrong(name, 1, "expected a variable 'graph' at the top of the file: with Graph(…) as graph:")
        case other:
            raise _wrong(name, 1, f"expected 'graph' to be a Graph, got {shown(other)}")


def _wrong(name: str, line: int, message: str) -> InvalidGraphError:
    return InvalidGraphError([Problem((), message)], [f"{name}:{line}: {message}"])


def _line(name: str, error: BaseException) -> int:
    """The line of the graph's file that the error came through last."""
    line, frame = 1, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == name:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _said(error: BaseException) -> str:
    if isinstance(error, OrchestratorError):
        return str(error)
    return f"the file raised {type(error).__name__}: {quoted(plain(said(error)))}"
