"""Parses the address of a store, as given to ``--store``."""

import re
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError

#: What an address may look like.
FORMS = "firestore://PROJECT/DATABASE or sqlite:///PATH"

_SQLITE = re.compile(r"sqlite:///(.+)")

#: A project's id, perhaps with the domain it is scoped by, and a database's.
_FIRESTORE = re.compile(r"firestore://([a-z][-a-z0-9.:]*)(?:/(\(default\)|[a-z][-a-z0-9]*))?/?")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """Where a store is: a ``file`` of SQLite, or else a ``database`` of Firestore's in a ``project``.

    ``flag``: what to add to a command so that it reads the runs of a deployment through its console instead.
    """

    text: str
    file: Path | None = None
    project: str = ""
    database: str = ""
    flag: str = ""


def store_url(text: str) -> StoreUrl:
    """What ``text`` names. Raises UsageError if it names no store."""
    if match := _SQLITE.fullmatch(text):
        return StoreUrl(text, file=Path(match[1]))
    if match := _FIRESTORE.fullmatch(text):
        return StoreUrl(text, project=match[1], database=match[2] or "(default)")
    raise UsageError(f"a store: expected {FORMS} (sqlite:////PATH for an absolute path), got {text!r}")
