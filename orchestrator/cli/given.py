"""The params that a command line gives: from a file, and over them one by one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.errors import UsageError

#: The largest file of params, in bytes.
_LARGEST = 1024 * 1024


def given_params(pairs: Sequence[str], file: Path | None) -> dict[str, object]:
    """The params of ``--params-file`` and, over them, those of ``--param name=value``. Raises UsageError."""
    given: dict[str, object] = dict(_from_file(file)) if file is not None else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--param: expected name=value, came {pair!r}")
        given[name] = value
    return given


def _from_file(path: Path) -> Mapping[str, object]:
    from orchestrator.definition import json_text, yaml_text
    from orchestrator.definition.texts import UnreadableError

    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: expected at most {_LARGEST:,} bytes of params")
    reader = json_text if path.suffix == ".json" else yaml_text
    try:
        values, flaws = reader.read(data.decode("utf-8-sig"))
    except UnreadableError as error:
        raise UsageError(f"{path}:{error.flaw.line}: {error.flaw.message}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected text in UTF-8: {error}") from error
    if flaws:
        raise UsageError("\n".join(f"{path}:{flaw.line}: {flaw.message}" for flaw in flaws))
    if not isinstance(values, dict):
        raise UsageError(f"{path}: expected a mapping of param names to values")
    return values
