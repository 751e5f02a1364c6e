"""Reads what a local job leaves behind: its outputs, and the last line of its log."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.steps import Json
from orchestrator.core.values import MAX_OUTPUT, misfit, read_json
from orchestrator.errors import OutputError
from orchestrator.system import files
from orchestrator.system.terminal import readable

#: How much of a log's end is read, and how much of its last line is shown.
_TAIL, _LINE = 64 * 1024, 300


def read_outputs(path: Path) -> Mapping[str, Json] | None:
    """The JSON object in the file at ``path``, None if there is no file. Raises OutputError."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OutputError(f"{path}: expected outputs in a plain file")
        if found.st_size > MAX_OUTPUT:
            raise OutputError(f"{path}: outputs take {found.st_size:,} bytes, at most {MAX_OUTPUT:,} are kept")
        return check_outputs(read_json(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{path}: expected outputs as a JSON object: {error}") from error


def check_outputs(value: Any, what: str = "outputs") -> Mapping[str, Json]:
    """``value`` if it can be stored: a mapping with text keys, valid in JSON and not too large. Raises OutputError."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise OutputError(f"expected {what} as a mapping with text keys, got {type(value).__name__}")
    if wrong := misfit(left := dict(value)):
        raise OutputError(f"{what} that JSON cannot hold: {wrong}")
    text = json.dumps(left, ensure_ascii=False)
    if (size := len(text.encode())) > MAX_OUTPUT:
        raise OutputError(f"{what} take {size:,} bytes of JSON, at most {MAX_OUTPUT:,} are kept")
    kept: dict[str, Json] = json.loads(text)  # a copy, with lists for tuples, which the user's code cannot change
    return kept


def last_line(log: Path) -> str:
    """The last line of a log that has readable text, as a terminal would show it in the end, cut to fit a line."""
    try:
        with files.reading(log) as file:
            start = max(0, os.fstat(file.fileno()).st_size - _TAIL)
            file.seek(start)
            lines = file.read(_TAIL).decode(errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    for number in reversed(range(len(lines))):
        if not (said := readable(lines[number])):
            continue
        if said.count("\ufffd") > len(said) / 4:
            return "its last output is not text"
        if len(said) <= _LINE:
            return said
        return f"…{said[-_LINE:]}" if number == 0 and start else f"{said[:_LINE]}…"
    return ""
