"""What the readers of YAML and of JSON share: their limits, and the errors that they raise."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.text import Path, quoted

#: How deep lists and mappings may be nested in a file.
DEEPEST = 100

TOO_DEEP = f"expected lists and mappings nested at most {DEEPEST} deep"

#: The line of every key and list item, by its path. The first line is 1.
Lines: TypeAlias = dict[Path, int]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a text, at a line of it."""

    line: int
    message: str


class UnreadableError(Exception):
    """A text that cannot be read as data."""

    def __init__(self, line: int, message: str) -> None:
        self.flaw = Flaw(line, message)
        super().__init__(message)


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8. Raises UnreadableError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        came = f"got the byte 0x{data[error.start]:02x}"
        raise UnreadableError(line, f"expected text in UTF-8, {came}: save the file as UTF-8") from error


def too_deep(data: object) -> bool:
    """Whether lists and mappings are nested more than ``DEEPEST`` deep in data that JSON can hold."""
    level = [data]
    for _ in range(DEEPEST):
        level = [item for value in level for item in _items(value)]
    return any(isinstance(value, dict | list) for value in level)


def _items(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def integer(text: str) -> int:
    """A whole number of at most 64 bits. Raises ValueError with a sentence."""
    if len(text) > 20 or abs(number := int(text)) >= 2**63:
        raise ValueError(f"expected a number of at most 64 bits, got {quoted(text)}: write it in quotes, as text")
    return number


def finite(text: str) -> float:
    """A number with a fraction or an exponent. Raises ValueError with a sentence if JSON cannot hold it."""
    number = float(text) if text[-1:].isdigit() else float("nan")
    if number - number != 0:
        raise ValueError(f"expected a number that JSON can hold, got {quoted(text)}")
    return number


def repeated(key: str, first: int | None) -> str:
    """The mistake that a key is written twice in one mapping."""
    return f"the key {quoted(key)} is written twice here" + (f", first on line {first}" if first else "")
