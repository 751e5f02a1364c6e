"""Compares a ``graphs.lock`` with what it should be, and describes the differences."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.deployment.lockfile import Lock
from orchestrator.deployment.lockfile.file import FORMAT


def differences(path: Path, now: Lock, fix: str) -> list[str]:
    """How the file at ``path`` differs from ``now``: a message per graph or file. ``fix``: the command to run."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [f"{path}: there is no such file: {fix}"]
    except UnicodeDecodeError:
        text = ""
    if text == now.text():
        return []
    if (then := _understood(text)) is None:
        return [f"{path}: expected a file that 'orchestrator lock' wrote, got something else: {fix}"]
    found = [f"{path.parent / file}: {what}: {fix}" for file, what in _changes(then, json.loads(now.text()))]
    return found or [f"{path}: it was edited or written by another version of 'orchestrator lock': {fix}"]


def _understood(text: str) -> dict[str, Any] | None:
    """The lock in a text; None if it is not one."""
    try:
        data: dict[str, Any] = json.loads(text)
        entries = [entry for kind in ("graphs", "local") for entry in data[kind].values()]
        right = data["format"] == FORMAT and isinstance(data["files"], dict)
        return data if right and all(isinstance(entry["file"], str) for entry in entries) else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each changed file and what happened to it: first graphs, then other files."""
    before, after = ({**data["local"], **data["graphs"]} for data in (then, now))
    told: set[str] = set()
    for name in sorted(before.keys() | after.keys()):
        kept = name in before and name in after
        if not kept or before[name] != after[name]:
            file = (after.get(name) or before[name])["file"]
            told.add(file)
            yield file, f"graph '{name}' {_what(name in before, name in after)} since the graphs were locked"
    for file in sorted((then["files"].keys() | now["files"].keys()) - told):
        if then["files"].get(file) != now["files"].get(file):
            yield file, f"this file {_what(file in then['files'], file in now['files'])} since the graphs were locked"


def _what(before: bool, after: bool) -> str:
    return ("was changed" if after else "was removed") if before else "was added"
