"""Reads records of a store. If one is damaged, UnreadableRecordError says where it is and what is wrong with it."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, TypeVar

from orchestrator.core.codec import SCHEMA
from orchestrator.errors import UnreadableRecordError
from orchestrator.ports import Unreadable

P = ParamSpec("P")
T = TypeVar("T")

#: The errors that reading damaged data raises. A ValueError of the codec has a sentence for users.
MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error)


def made(path: str, make: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call ``make``, which reads the record at ``path``. Raises UnreadableRecordError instead of ``MISFITS``."""
    try:
        return make(*args, **named)
    except MISFITS as error:
        raise misread(path, error) from error


def misread(path: str, error: Exception) -> UnreadableRecordError:
    """The error to raise when reading the record at ``path`` raised ``error``, one of ``MISFITS``."""
    if isinstance(error, RecursionError):
        return UnreadableRecordError(path, "lists and mappings in it are nested too deep")
    if isinstance(error, KeyError):
        return UnreadableRecordError(path, f"it has no field {error}")
    return UnreadableRecordError(path, str(error) or type(error).__name__)


def checked(path: str, schema: object) -> None:
    """Raises UnreadableRecordError if only a newer version may read the record at ``path`` (ADR 17)."""
    if schema is None:  # written before records had a schema
        return
    if type(schema) is not int:
        raise UnreadableRecordError(path, f"expected a schema as a whole number, got {schema!r:.60}")
    if schema > SCHEMA:
        raise UnreadableRecordError(
            path,
            f"a newer version of orchestrator wrote it, in schema {schema}, and this one reads up to {SCHEMA}: "
            "use that version, or a newer one",
            newer=True,
        )


def readable(found: Iterable[Callable[[], T]], unreadable: Unreadable) -> Iterator[T]:
    """The results of ``found``, without those that raise UnreadableRecordError: ``unreadable`` is called with these."""
    for make in found:
        try:
            one = make()
        except UnreadableRecordError as error:
            unreadable(error)
            continue
        yield one
