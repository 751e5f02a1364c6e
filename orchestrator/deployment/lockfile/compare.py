"""How a ``graphs.lock`` differs from what it should be, in sentences. It reads no graph."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.deployment.lockfile import Lock
from orchestrator.deployment.lockfile.file import FORMAT


def differences(path: Path, now: Lock, fix: str) -> list[str]:
    """What the file at ``path`` says otherwise than ``now``: a sentence a graph or file. ``fix``: what to run."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [f"{path}: there is no such file: {fix}"]
    except UnicodeDecodeError:
        text = ""
    if text == now.text():
        return []
    if (then := _understood(text)) is None:
        return [f"{path}: expected what 'orchestrator lock' writes, got something else: {fix}"]
    found = [f"{path.parent / file}: {what}: {fix}" for file, what in _changes(then, json.loads(now.text()))]
    return found or [f"{path}: this is not as 'orchestrator lock' writes it: {fix}"]


def _understood(text: str) -> dict[str, Any] | None:
    """The lock in a text, if it has the form of one."""
    try:
        data: dict[str, Any] = json.loads(text)
        entries = [entry for kind in ("graphs", "local") for entry in data[kind].values()]
        right = data["format"] == FORMAT and isinstance(data["files"], dict)
        return data if right and all(isinstance(entry["file"], str) for entry in entries) else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """File and what became of it: first the graphs, then the files that are none."""
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
    return ("has changed" if after else "is gone") if before else "is new"
