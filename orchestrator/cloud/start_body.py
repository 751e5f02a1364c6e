"""The body of a request to the deployed ``start``, parsed and checked. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.cloud.rerun_body import RerunAsked, rerun_asked, wrong_rerun
from orchestrator.definition import json_reader
from orchestrator.definition.text_files import Flaw, UnreadableError
from orchestrator.errors import UsageError
from orchestrator.text import quoted

#: The largest body, in bytes. A run that Firestore can store is always smaller.
LARGEST = 4 * 1024 * 1024

_EXPECTED = 'expected a JSON object such as {"graph": "daily-sales", "params": {"date": "2026-01-31"}}'

_KINDS: dict[str, tuple[type, str]] = {
    "graph": (str, "text"),
    "run_id": (str, "text"),
    "params": (dict, "a mapping"),
    "rerun": (dict, "a mapping"),
}

#: The form of a scheduled run's id, which ends in the time when it was due: see ``scheduled_id``.
DUE = re.compile(r".*-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}(\.[0-9]+)?(Z|-?[0-9]{4})")

#: How many mistakes of one kind are listed.
_MAX_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """The run that is requested. Whether the graph exists is not checked here.

    ``rerun``: of which run it is to be a rerun, and how; then ``graph`` is empty.
    """

    graph: str
    run_id: str | None
    params: dict[str, Any]
    rerun: RerunAsked | None = None


def read_asked(body: bytes) -> Asked:
    """The request in ``body``. Raises UsageError with all mistakes, one per line.

    The error contains no value of a param: it is logged, and a param may be a password.
    """
    data = read_json(body, _EXPECTED)
    if not isinstance(data, dict):
        raise UsageError(f"{_EXPECTED}, got {kind_of(data)}")
    if wrong := list(_wrong(data)):
        raise UsageError("\n".join(wrong))
    again = rerun_asked(data["rerun"]) if "rerun" in data else None
    return Asked(data.get("graph", ""), data.get("run_id"), data.get("params", {}), again)


def read_json(body: bytes, what: str) -> Any:
    """The JSON value in ``body``. Raises UsageError, which begins with ``what`` was expected."""
    if len(body) > LARGEST:
        raise UsageError(
            f"expected a request of at most {LARGEST:,} bytes, got {len(body):,}: put large data into Cloud Storage, "
            "and give its path as a param"
        )
    try:
        text = body.decode("utf-8-sig")
        data, flaws = json_reader.read(text)
        _whole(data)
    except UnicodeDecodeError as error:
        raise UsageError(f"{what}, in UTF-8, got the byte 0x{body[error.start]:02x} in it") from error
    except UnreadableError as error:
        raise UsageError(f"{what}, {_at(error.flaw) if text.strip() else 'got nothing'}") from error
    if flaws:
        raise UsageError("\n".join(_at(flaw) for flaw in flaws[:_MAX_UNKNOWN]))
    return data


def _whole(data: Any) -> None:
    """Raises UnreadableError for a lone surrogate, which JSON can write (``"\\ud800"``) and UTF-8 cannot."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        raise UnreadableError(
            1, f"the text contains half of a character (the lone surrogate {half}), which UTF-8 cannot store"
        ) from error


def _at(flaw: Flaw) -> str:
    return f"line {flaw.line}: {flaw.message}"


def _wrong(data: dict[str, Any]) -> Iterator[str]:
    unknown = sorted(data.keys() - _KINDS.keys())
    yield from (f"{name if name.isidentifier() else quoted(name)}: unknown key" for name in unknown[:_MAX_UNKNOWN])
    if len(unknown) > _MAX_UNKNOWN:
        yield f"and {len(unknown) - _MAX_UNKNOWN} more unknown keys"
    for name, (kind, expected) in _KINDS.items():
        if not isinstance(data.get(name, kind()), kind):
            yield f"{name}: expected {expected}, got {kind_of(data[name])}"
    if isinstance(again := data.get("rerun"), dict):
        yield from wrong_rerun(again)
        if "graph" in data:
            yield "graph: expected nothing beside 'rerun': the graph is that of the run"
    elif "rerun" not in data and not data.get("graph"):
        yield "graph: expected the name of a deployed graph, got nothing"


def kind_of(value: Any) -> str:
    """The kind of a value, without its content, which may be a secret."""
    match value:
        case str():
            return "text"
        case dict() | list() if value:
            return "a mapping" if isinstance(value, dict) else "a list"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return f"{value!r:.60}"


def scheduled_id(graph: str, due: str) -> str:
    """``daily-sales-2026-01-31T060000Z``: the same for each retry. ``due``: a time in the form of RFC 3339."""
    return f"{graph}-{due.replace(':', '').replace('+', '')}"


def check_unscheduled(run_id: str) -> None:
    """Raises UsageError if ``run_id`` is reserved for schedules: it would keep a scheduled run from starting."""
    if DUE.fullmatch(run_id):
        theirs = "has the form of the ids that schedules give to their runs"
        raise UsageError(f"run id: {quoted(run_id)} {theirs}: choose another")
