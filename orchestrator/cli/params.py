"""Params on the command line: ``--params-file`` and ``--param``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.definition import json_reader, yaml_reader
from orchestrator.errors import UsageError
from orchestrator.reporting.phrases import listed
from orchestrator.system.files import PIPE, sort_of
from orchestrator.text import shown

#: The largest file of params, in bytes.
_LARGEST = 1024 * 1024


def given_params(pairs: Sequence[str], file: Path | None) -> dict[str, object]:
    """The params of ``--params-file``, overridden by those of ``--param name=value``. Raises UsageError."""
    given: dict[str, object] = dict(_from_file(file)) if file is not None else {}
    return given | split("--param", pairs)


def split(option: str, pairs: Sequence[str]) -> dict[str, str]:
    """The values of a repeated ``option`` of the form ``name=value``. Raises UsageError."""
    wrong = [pair for pair in pairs if "=" not in pair[1:]]
    if wrong:
        raise UsageError(f"{option}: expected name=value, got {listed(map(repr, wrong))}")
    given: dict[str, str] = {}
    twice: list[str] = []
    for name, _, value in (pair.partition("=") for pair in pairs):
        twice += [name] if name in given and name not in twice else []
        given[name] = value
    if twice:
        raise UsageError(
            f"{option}: expected each name once, got {listed(twice)} several times; a list is one value: {twice[0]}=a,b"
        )
    return given


def _from_file(path: Path) -> Mapping[str, object]:
    from orchestrator.definition.text_files import UnreadableError

    if sort_of(path) == PIPE and Path("/dev") not in path.absolute().parents:  # <(…) and stdin end; others may never
        raise UsageError(f"{path}: expected a file of params, got a pipe")
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: expected at most {_LARGEST:,} bytes of params, got more")
    reader = json_reader if path.suffix == ".json" else yaml_reader
    try:
        values, flaws = reader.read(data.decode("utf-8-sig"))
    except UnreadableError as error:
        raise UsageError(f"{path}:{error.flaw.line}: {error.flaw.message}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected text in UTF-8: {error}") from error
    if flaws:
        raise UsageError("\n".join(f"{path}:{flaw.line}: {flaw.message}" for flaw in flaws))
    if not isinstance(values, dict):
        raise UsageError(f"{path}: expected a mapping of param names to values, got {shown(values)}")
    return values
