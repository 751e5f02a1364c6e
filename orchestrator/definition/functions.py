"""Checks that the functions that a graph names exist, as far as that can be told without running users' code."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from orchestrator.core.kinds import CALL, DATAFLOW, PYTHON
from orchestrator.core.steps import Step, Work
from orchestrator.errors import Problem
from orchestrator.system.os_errors import told
from orchestrator.text import Path, did_you_mean, quoted
from orchestrator.usercode.finder import find, places
from orchestrator.usercode.parsed import defined

if TYPE_CHECKING:
    from orchestrator.core.graph import Graph

#: The key of a kind's spec that names a function, and the key of the graph file.
_KEYS = {
    PYTHON.key: ("function", PYTHON.key),
    CALL.key: ("function", CALL.key),
    DATAFLOW.key: ("parameters_from", "parameters_from"),
}


def missing(graph: "Graph", folder: FilePath) -> list[Problem]:
    """The functions that certainly do not exist: no such module in ``folder`` or installed, or not in the module.

    Of a module that is installed, or defines names as it runs, nothing more is known.
    """
    wrong = cache(lambda name: _wrong(name, folder))
    return [
        Problem(path, said) for step in graph.works for path, name in _named(step) if (said := wrong(name)) is not None
    ]


def _named(step: Step) -> Iterator[tuple[Path, str]]:
    """The functions of a step, with the places at which they are written."""
    works: list[tuple[Path, Work]] = [((), step.work)]
    if step.local is not None:
        works.append((("local",), step.local))
    for inside, work in works:
        option, key = _KEYS.get(work.kind, ("", ""))
        if name := work.spec.get(option):
            yield ("steps", step.name, *inside, key), str(name)


def _wrong(name: str, folder: FilePath) -> str | None:
    module, _, function = name.partition(":")
    file, there = _file(module, folder)
    if not there:
        hint = did_you_mean(module, [path.stem for path in folder.glob("*.py")])
        return f"there is no module {quoted(module)} beside this file, and none is installed here{hint}"
    if file is None:
        return None
    try:
        names = defined(ast.parse(file.read_bytes(), str(file)))
    except SyntaxError as error:
        return f"module {quoted(module)} cannot be imported: {file.name}:{error.lineno or 1}: {error.msg}"
    except OSError as error:
        return f"module {quoted(module)} cannot be imported: {told(error, file.name)}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"module {quoted(module)} cannot be imported: {file.name}: {error}"
    if names is None or function in names:
        return None
    return f"module {quoted(module)} has no function {quoted(function)}{did_you_mean(function, names)}"


def _file(module: str, folder: FilePath) -> tuple[FilePath | None, bool]:
    """The source of a module, if it is in ``folder``; and whether there is such a module there or installed."""
    top, *inner = module.split(".")
    spec = find(top, places(str(folder)))
    if spec is None:
        return None, find_spec(top) is not None
    for part in inner:
        spec = find(part, spec.submodule_search_locations or ())
        if spec is None:
            return None, False
    source = spec.origin is not None and spec.origin.endswith(".py")
    return FilePath(str(spec.origin)) if source else None, True
