"""Loads a graph from its file, or reports every mistake with its line. It runs code only of a Python graph's file."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.definition import article, json_reader, yaml_reader, yaml_words
from orchestrator.definition.build import build
from orchestrator.definition.checks import doubts
from orchestrator.definition.python_file import load_python
from orchestrator.definition.text_files import Flaw, Lines, UnreadableError, decoded
from orchestrator.errors import InvalidGraphError, NotFoundError, Problem, UsageError
from orchestrator.system.files import PLAIN, sort_of
from orchestrator.system.os_errors import told
from orchestrator.text import Path, did_you_mean, place

#: The largest file that is read, in bytes.
LARGEST = 16 * 1024 * 1024

_EMPTY = "expected a graph with a name and steps, got an empty file"

#: The maximum number of lines that are reported of one file.
MAX_LINES = 1_000

_READERS: dict[str, Callable[..., tuple[Any, list[Flaw]]]] = {
    ".yaml": yaml_reader.read,
    ".yml": yaml_reader.read,
    ".json": json_reader.read,
}


def load_graph(path: str | os.PathLike[str]) -> Graph:
    """The graph in a ``.yaml``, ``.yml``, ``.json`` or ``.py`` file.

    Raises InvalidGraphError, whose ``lines`` say ``file:line: where: what`` for everything that is wrong, and
    NotFoundError or UsageError if there is no such file or it is of another sort.
    """
    name = os.fspath(path)
    suffix = FilePath(name).suffix.lower()
    if suffix not in (*_READERS, ".py"):
        raise UsageError(f"{name}: expected a file that ends in .yaml, .yml, .json or .py")
    text = read_text(name, _EMPTY)
    if suffix == ".py":
        return load_python(name, text)
    reader = _READERS[suffix]
    try:
        document, flaws = reader(text)
        translated = article.Article(document, FilePath(name)) if article.is_article(document) else None
        graph, problems = build(translated.document if translated else document, FilePath(name))
        if translated:
            problems += translated.problems
            problems = [Problem(article.written_at(p.path), p.message) for p in problems]
        if graph is not None and not problems and not flaws:
            return graph
        lines: Lines = {}
        _, flaws = reader(text, lines)
    except UnreadableError as error:
        raise with_lines(name, [], [error.flaw], {}) from error
    invalid_graph = with_lines(name, problems, flaws, lines)
    invalid_graph.graph = graph
    raise invalid_graph


def invalid(path: str | os.PathLike[str], problems: Sequence[Problem]) -> InvalidGraphError:
    """The error for problems that others find in a graph that loads, each with its line."""
    return _located(os.fspath(path), problems)


def warnings(path: str | os.PathLike[str], graph: Graph) -> tuple[str, ...]:
    """Warnings about what is not wrong but may fail in a run: ``file:line: warning: where: what``."""
    found = doubts(graph)
    if FilePath(path).suffix.lower() in (".yaml", ".yml"):
        words: dict[Path, str] = {}
        found += yaml_words.doubts(yaml_reader.read(read_text(os.fspath(path), _EMPTY), words=words)[0], words)
    return _located(os.fspath(path), found, "warning: ").lines if found else ()


def _located(name: str, problems: Sequence[Problem], sort: str = "") -> InvalidGraphError:
    reader = _READERS.get(FilePath(name).suffix.lower())
    lines: Lines = {}
    if reader is not None and article.is_article(reader(read_text(name, _EMPTY), lines)[0]):
        problems = [Problem(article.written_at(problem.path), problem.message) for problem in problems]
    return with_lines(name, problems, [], lines, sort)


def read_text(name: str, empty: str | None) -> str:
    """The file's text, of bounded size. ``empty``: the mistake if it is empty; None: it may be.

    Raises InvalidGraphError, and NotFoundError or UsageError if there is no such file or it is of another sort.
    """
    try:
        size = os.stat(name).st_size
        if (found := sort_of(name)) != PLAIN:
            raise UsageError(f"{name}: expected a file, got {found}")
        if size > LARGEST:
            raise UsageError(
                f"{name}: expected a file of at most {LARGEST // 2**20} MB, got one of {size / 2**20:,.1f} MB"
            )
        with open(name, "rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"{name}: there is no such file{_similar(name)}") from error
    except ValueError as error:
        raise UsageError(f"{name}: the file cannot be read: no name of a file has the character NUL") from error
    except OSError as error:
        raise UsageError(told(error, name)) from error
    try:
        text = decoded(data)
    except UnreadableError as error:
        raise with_lines(name, [], [error.flaw], {}) from error
    if empty is not None and not text.strip():
        raise with_lines(name, [], [Flaw(1, empty)], {})
    return text


def _similar(name: str) -> str:
    path = FilePath(name)
    try:
        return did_you_mean(
            path.name, [entry.name for entry in path.parent.iterdir() if entry.suffix in (*_READERS, ".py")]
        )
    except OSError:
        return ""


def with_lines(
    name: str, problems: Sequence[Problem], flaws: Sequence[Flaw], lines: Lines, sort: str = ""
) -> InvalidGraphError:
    """The error, with its lines in the order of the file."""
    found = [(flaw.line, flaw.message) for flaw in flaws]
    for problem in problems:
        where = place(problem.path)
        found.append((line_of(problem.path, lines), f"{where}: {problem.message}" if where else problem.message))
    found.sort(key=lambda item: item[0])
    lines_said = [f"{name}:{line}: {sort}{message}" for line, message in found[:MAX_LINES]]
    if len(found) > MAX_LINES:
        lines_said.append(f"{name}:{found[MAX_LINES][0]}: and {len(found) - MAX_LINES:,} more problems from here on")
    return InvalidGraphError([*(Problem((), flaw.message) for flaw in flaws), *problems], lines_said)


def line_of(path: Path, lines: Lines) -> int:
    """The line of ``path``, or of what contains it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
