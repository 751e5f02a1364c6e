"""Reads YAML, and the line of every key. It reads only the types of JSON, and makes no Python objects.

Only text that looks like a number, true, false or null of JSON is read as such: ``no``, ``on``, ``010``, ``12:30`` and
dates are text. Keys are always text, so a step may be called ``no``. Anchors, aliases and ``<<`` work, tags do not.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestrator.core.values import MAX_VALUES
from orchestrator.definition.text_files import (
    DEEPEST,
    TOO_DEEP,
    Flaw,
    Lines,
    UnreadableError,
    finite,
    integer,
    repeated,
)
from orchestrator.text import Path, quoted

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}
_BARE_EXPRESSION = re.compile(r"(?:^|[:\-,\[])\s*\{\{")
_QUOTE_IT = 'expected text: if this is an expression, put it in quotes: "{{ … }}"'
_QUOTE_ALL = 'expected text: if this value contains an expression, put all of it in quotes: "… {{ … }} …"'
_QUOTED = re.compile(r""""(?:\\.|[^"\\])*"|'(?:''|[^'])*'""")
_OPEN_QUOTE = "found unexpected end of stream"

#: The parser's messages, and what they mostly mean.
_MEANT = {
    "did not find expected key": "the indentation does not fit the lines above",
    "did not find expected '-' indicator": "the indentation does not fit the list above",
    "mapping values are not allowed in this context": "no ':' can stand here: quote the text, or fix the indentation",
    "could not find expected ':'": "expected a ':' after the key",
    "found character that cannot start any token": "text cannot begin with this character: put it in quotes",
    _OPEN_QUOTE: "a quote is opened here and not closed",
    "did not find expected ',' or ']'": "a '[' is opened and not closed",
    "did not find expected ',' or '}'": "a '{' is opened and not closed",
}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str, lines: Lines | None = None, words: dict[Path, str] | None = None) -> tuple[Any, list[Flaw]]:
    """The data, and the mistakes that do not prevent it from being read.

    Fills ``lines`` if given, and ``words`` with the values that are text without quotes. Raises UnreadableError.
    """
    reader = _Reader(lines, words)
    try:
        reader.read(text)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(text, error) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        raise UnreadableError(line, f"expected text, got the character U+{error.character:04X}") from error
    return reader.result, reader.flaws


def _unreadable(text: str, error: yaml.MarkedYAMLError) -> UnreadableError:
    unclosed = _MEANT.get(error.problem or "", "").endswith("not closed")
    mark = (unclosed and error.context_mark) or error.problem_mark or error.context_mark
    rows = text.splitlines()
    number = min(mark.line, len(rows) - 1) if mark else 0
    row = rows[number] if rows else ""
    if _BARE_EXPRESSION.search(row):
        return UnreadableError(number + 1, _QUOTE_IT)
    last = error.problem_mark.line if error.problem_mark else number
    for at in range(number, min(last, len(rows) - 1) + 1):  # where it was noticed is after where it was opened
        if error.problem != _OPEN_QUOTE and "{{" in _QUOTED.sub("", rows[at]):
            return UnreadableError(at + 1, _QUOTE_IT if _BARE_EXPRESSION.search(rows[at]) else _QUOTE_ALL)
    problem = error.problem or error.context or "it ends too early"
    if problem == "exceeded maximum nesting depth":  # libyaml 0.2.6 and newer have their own limit
        return UnreadableError(number + 1, TOO_DEEP)
    reason = "indent with spaces, not with tabs" if row[:1] == "\t" else _MEANT.get(problem, problem)
    return UnreadableError(number + 1, f"this is not YAML: {reason}, in {quoted(row.strip())}")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


@dataclass(slots=True)
class _Level:
    """One mapping or list that is being read. ``before``: how many values had been read when it began."""

    value: Any
    path: Path
    anchor: str | None
    before: int
    key: str | None = None
    merged: list[tuple[Any, Any]] = field(default_factory=list)


class _Reader:
    """Makes data of the parser's events: without recursion, and counting the values."""

    def __init__(self, lines: Lines | None, words: dict[Path, str] | None) -> None:
        self.lines = lines
        self.words = words
        self.flaws: list[Flaw] = []
        self.levels: list[_Level] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0
        self.documents = 0
        self.result: Any = None

    def read(self, text: str) -> None:
        parser = _LOADER(text)
        try:
            while (event := parser.get_event()) is not None:
                self.take(event)
        finally:
            parser.dispose()

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self.scalar(event)
        elif kind is yaml.SequenceStartEvent:
            self.open(event, [])
        elif kind is yaml.MappingStartEvent:
            self.open(event, {})
        elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            self.close()
        elif kind is yaml.AliasEvent:
            self.alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                raise UnreadableError(_line(event), "expected one document in the file, got a second one")

    def scalar(self, event: Any) -> None:
        if event.tag:
            self.tag(event)
        level = self.levels[-1] if self.levels else None
        if level is not None and level.key is None and type(level.value) is dict:
            self.key(level, event)
            return
        value = event.value if event.style else self.plain(event)
        path = self.put(value, event, 1)
        if self.words is not None and not event.style and isinstance(value, str):
            self.words[path] = value
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)

    def plain(self, event: Any) -> Any:
        """The value of a scalar without quotes."""
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if (number := _NUMBER.fullmatch(text)) or _NOT_JSON.fullmatch(text):
            try:
                return integer(text) if number and not number[1] and not number[2] else finite(text)
            except ValueError as error:
                self.flaws.append(Flaw(_line(event), str(error)))
        return text

    def key(self, level: _Level, event: Any) -> None:
        level.key = event.value
        path = (*level.path, event.value)
        if event.value in level.value:
            self.flaws.append(Flaw(_line(event), repeated(event.value, (self.lines or {}).get(path))))
        elif self.lines is not None:
            self.lines[path] = _line(event)

    def put(self, value: Any, event: Any, size: int) -> Path:
        """Put a value where it belongs, and return the path of that place."""
        self.spend(event, size)
        if not self.levels:
            self.result = value
            return ()
        level = self.levels[-1]
        if type(level.value) is list:
            level.value.append(value)
            path = (*level.path, len(level.value) - 1)
            if self.lines is not None:
                self.lines[path] = _line(event)
            return path
        if level.key is None:
            raise UnreadableError(_line(event), _QUOTE_IT)
        path = (*level.path, level.key)
        if level.key == "<<":
            level.merged.append((value, event))
        else:
            level.value[level.key] = value
        level.key = None
        return path

    def spend(self, event: Any, size: int) -> None:
        self.count += size
        if self.count > MAX_VALUES:
            raise UnreadableError(
                _line(event), f"expected at most {MAX_VALUES:,} values, those that aliases repeat included"
            )

    def open(self, event: Any, value: Any) -> None:
        if event.tag:
            self.tag(event)
        if len(self.levels) >= DEEPEST:
            raise UnreadableError(_line(event), TOO_DEEP)
        before = self.count
        path = self.put(value, event, 1)
        self.levels.append(_Level(value, path, event.anchor, before))

    def close(self) -> None:
        level = self.levels.pop()
        for source, start in level.merged:
            self.merge(level, source, start)
        if level.anchor:
            self.anchors[level.anchor] = (level.value, self.count - level.before)

    def merge(self, level: _Level, source: Any, event: Any) -> None:
        """Apply ``<<``: add the keys of another mapping that this one does not have."""
        for mapping in source if isinstance(source, list) else [source]:
            if not isinstance(mapping, dict):
                raise UnreadableError(_line(event), "expected a mapping, or a list of them, after '<<'")
            self.spend(event, len(mapping))
            level.value.update({key: item for key, item in mapping.items() if key not in level.value})

    def alias(self, event: Any) -> None:
        name = event.anchor
        if any(level.anchor == name for level in self.levels):
            raise UnreadableError(_line(event), f"the alias '*{name}' is inside what it repeats")
        if name not in self.anchors:
            raise UnreadableError(_line(event), f"no anchor is called '&{name}'")
        value, size = self.anchors[name]
        if self.levels and self.levels[-1].key is None and isinstance(self.levels[-1].value, dict):
            raise UnreadableError(_line(event), f"expected a name before the ':', got the alias '*{name}'")
        self.put(value, event, size)

    def tag(self, event: Any) -> None:
        self.flaws.append(Flaw(_line(event), f"expected plain YAML, got the tag {quoted(event.tag)}: leave it out"))
