"""Errors of a rehearsal that were not injected: exceptions of functions and fakes, and dropped tasks.

Injected faults cause none of these, so each is a mistake in the orchestrator or in what it was given.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: What a function counts in its log when it gives up on a task or event (functions/README.md).
_GIVEN_UP = frozenset({"malformed", "task_dropped"})

_TRACEBACK = "Traceback (most recent call last):"


@contextmanager
def logged_exceptions() -> Iterator[list[str]]:
    """The exceptions that the fakes log inside the block: they continue, and only log them."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            found.append(f"{record.getMessage()}: {type(error).__name__}: {error}")

    handler, logger = Handler(logging.ERROR), logging.getLogger("orchestrator.fakes")
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


def errors_in_logs(logs: Mapping[str, Path]) -> list[str]:
    """The errors in the logs of functions, given by name, each once."""
    found: dict[str, None] = {}
    for name, log in logs.items():
        if log.exists():
            with log.open(encoding="utf-8", errors="replace") as lines:
                found.update((f"{name}: {said}", None) for said in _said(line.rstrip("\n") for line in lines))
    return list(found)


def _said(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line.startswith(_TRACEBACK):
            inside = True
        elif inside and line[:1].strip():
            inside = False
            yield line
        elif (entry := _entry(line)).get("counted") in _GIVEN_UP:
            yield str(entry["message"])


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
