"""Converts the JSON format of the original article to a document of our own format.

``{"start": "Start", "steps": {"Start": {"next": "A"}, "A": {"job_name": …, "template": …, "function": …, "next": …}}}``

- A graph without a name is named after its file, or after its folder if the file is called ``graph.json``.
- A step with a ``template`` is a Dataflow job; its ``function`` returns the parameters. A step with a ``function``
  and no ``template`` (or an empty one) calls it and ends. A step with neither ends at once.
- The functions are in a Python file beside the graph's: of the same name (``jobs.json`` or ``jobs/graph.json``:
  ``jobs.py``), or else ``functions.py``. It is parsed to check that they exist, and not run.
- A step may have our own keys too (``retry``, ``local``, ``when``…).
"""

import ast
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from orchestrator.definition.dataflow_keys import DataflowKeys
from orchestrator.errors import Problem
from orchestrator.system.os_errors import told
from orchestrator.text import Path, did_you_mean, quoted, shown
from orchestrator.usercode.parsed import defined

_INSIDE = frozenset(DataflowKeys.model_fields) - {"parameters_from"}


def is_article(document: object) -> bool:
    """Whether a document is in the article's format: only that has a ``start``."""
    return isinstance(document, dict) and "start" in document


class Article:
    """A document in the article's format. ``document``: the same in ours; ``problems``: its own mistakes."""

    def __init__(self, source: Mapping[str, Any], file: FilePath) -> None:
        self.problems: list[Problem] = []
        self.module = _Module(file)
        self.document: dict[str, Any] = {"name": _name(file), **source}
        start = self.document.pop("start")
        steps = source.get("steps")
        if isinstance(steps, dict):
            self.document["steps"] = {name: self._step(name, step) for name, step in steps.items()}
            self.problems += _unreached(start, steps)

    def _step(self, name: str, source: Any) -> Any:
        if not isinstance(source, dict):
            return source
        if "function" in source and source.get("template") in ("", None):
            source = {key: value for key, value in source.items() if key != "template"}
        step = {key: value for key, value in source.items() if key != "function" and key not in _INSIDE}
        inside = {key: value for key, value in source.items() if key in _INSIDE}
        if "function" in source:
            try:
                step["parameters_from" if inside else "call"] = self.module.function(source["function"])
            except ValueError as error:
                self.problems.append(Problem(("steps", name, "function"), str(error)))
        if inside:
            step["dataflow"] = inside
        return step


def written_at(path: Path) -> Path:
    """The path in the article's document that a path in ours comes from."""
    match path:
        case ("steps", name, "dataflow", *rest):
            return ("steps", name, *rest)
        case ("steps", name, "parameters_from" | "call"):
            return ("steps", name, "function")
        case _:
            return path


def _name(file: FilePath) -> str:
    """The graph's name, from its file or its folder, with what a name cannot contain replaced."""
    return re.sub(r"[^a-z0-9]+", "-", _called(file).lower()).strip("-")[:63].strip("-") or "graph"


def _called(file: FilePath) -> str:
    """What a user calls the graph in a file: ``graphs/NAME.json`` or ``graphs/NAME/graph.json``."""
    return file.absolute().parent.name if file.stem == "graph" else file.stem


def _is_called(file: FilePath, name: str) -> bool:
    """Whether a file is a module whose name is the graph's, apart from what a module's name cannot contain."""
    return file.stem.isidentifier() and file.stem != "graph" and _name(file) == name


class _Module:
    """The Python file with the functions, and what is defined in it."""

    def __init__(self, graph: FilePath) -> None:
        stem = re.sub(r"\W", "_", _called(graph), flags=re.ASCII)
        alike = [file for file in sorted(graph.parent.glob("*.py")) if _is_called(file, _name(graph))]
        self.files = [graph.with_name(f"{stem}.py"), *alike, graph.with_name("functions.py")]

    def function(self, name: object) -> str:
        """``module:name``. Raises ValueError with what is wrong."""
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"expected the name of a function, got {shown(name)}")
        file, names = self.defined
        if file is None:
            files = " or ".join(dict.fromkeys(file.name for file in self.files))
            raise ValueError(
                f"expected the function {quoted(name)} in {files} beside this file, but there is no such file"
            )
        if names is not None and name not in names:
            raise ValueError(f"{file.name} has no function {quoted(name)}{did_you_mean(name, names)}")
        return f"{file.stem}:{name}"

    @cached_property
    def defined(self) -> tuple[FilePath | None, frozenset[str] | None]:
        """The file, if it is there, and the names that it defines; None if not all of them can be told."""
        file = next((file for file in self.files if file.is_file()), None)
        if file is None:
            return None, frozenset()
        try:
            return file, defined(ast.parse(file.read_bytes(), str(file)))
        except OSError as error:
            raise ValueError(f"expected functions in {told(error, file.name)}") from error
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(f"expected functions in {file.name}, which cannot be read: {error}") from error


def _unreached(start: object, steps: Mapping[str, Any]) -> list[Problem]:
    if not isinstance(start, str) or start not in steps:
        hint = did_you_mean(start, steps)
        return [Problem(("start",), f"expected the name of the first step, got {shown(start)}{hint}")]
    reached, ready = {start}, [start]
    while ready:
        step = steps[ready.pop()]
        following = step.get("next", []) if isinstance(step, dict) else []
        for name in following if isinstance(following, list) else [following]:
            if isinstance(name, str) and name in steps and name not in reached:
                reached.add(name)
                ready.append(name)
    wrong = f"no path of 'next' leads here from {quoted(start)}, where the graph starts"
    return [Problem(("steps", name), wrong) for name in steps if name not in reached]
