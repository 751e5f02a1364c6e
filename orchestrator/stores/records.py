"""What lies in a store, read: it is ours, or UnreadableRecordError says where it lies and why it cannot be read."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, TypeVar

from orchestrator.core.codec import SCHEMA
from orchestrator.errors import UnreadableRecordError
from orchestrator.ports import Unreadable

P = ParamSpec("P")
T = TypeVar("T")

#: What comes of data that are not as ours are. A ValueError of the codec is a sentence.
MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error)


def made(path: str, make: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What ``make`` makes of what lies at ``path``. Raises UnreadableRecordError."""
    try:
        return make(*args, **named)
    except MISFITS as error:
        raise misread(path, error) from error


def misread(path: str, error: Exception) -> UnreadableRecordError:
    """What is raised where reading what lies at ``path`` raised one of ``MISFITS``."""
    if isinstance(error, RecursionError):
        return UnreadableRecordError(path, "lists and mappings in it are nested too deep")
    if isinstance(error, KeyError):
        return UnreadableRecordError(path, f"it has no field {error}")
    return UnreadableRecordError(path, str(error) or type(error).__name__)


def checked(path: str, schema: object) -> None:
    """Raises UnreadableRecordError if what lies there may be read by a newer version alone (ADR 17)."""
    if schema is None:  # as it was written before there were any
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
    """What each of ``found`` gives. ``unreadable`` hears of those that cannot be read, and they are left out."""
    for make in found:
        try:
            one = make()
        except UnreadableRecordError as error:
            unreadable(error)
            continue
        yield one
