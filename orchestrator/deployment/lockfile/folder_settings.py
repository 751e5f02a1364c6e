"""Reads what a graph's folder contains for the functions: ``requirements.txt``, ``env`` and ``secrets``.

``env`` has lines ``NAME=value``, which a shell can read too. ``secrets`` has lines ``NAME=secret`` or
``NAME=secret:version``, as ``gcloud … --set-secrets`` takes them; a secret of another project is written in
full, ``projects/P/secrets/S``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from orchestrator.definition.text_files import UnreadableError, decoded
from orchestrator.text import quoted

REQUIREMENTS, ENV, SECRETS = "requirements.txt", "env", "secrets"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Names that Cloud Run reserves ("Configure environment variables", Cloud Run's documentation, 2026), our own, and
#: those that would make the functions call other services or load other code.
_RESERVED = re.compile(
    r"ORCHESTRATOR_.*|K_.*|X_GOOGLE_.*|FUNCTION_.*|PORT|PATH|PYTHON.*|.*_EMULATOR_(HOST|URL)"
    r"|GOOGLE_APPLICATION_CREDENTIALS"
)

_SECRET = re.compile(
    r"(?:projects/(?P<project>[^/:]+)/secrets/)?(?P<secret>[A-Za-z0-9_-]{1,255})(?::(?P<version>latest|[0-9]+))?"
)

#: A requirement begins with a project's name; anything else is an option for pip.
REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^]]*\])?")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Secret:
    """A version of a secret in Secret Manager. ``project``: None for the deployment's own."""

    secret: str
    version: str = "latest"
    project: str | None = None


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """``requirements``: the file. ``problems``: sentences that begin with a file and its line."""

    requirements: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def folder_settings(folder: Path) -> FolderSettings:
    """The settings in the folder of a graph."""
    problems: list[str] = []
    env = _assigned(folder / ENV, _value, problems)
    secrets = _assigned(folder / SECRETS, _secret, problems)
    both = sorted(env.keys() & secrets.keys())
    problems += [f"{folder / SECRETS}: {name} is also set in '{ENV}': remove one of them" for name in both]
    file = folder / REQUIREMENTS
    for number, line in lines(file, problems):
        if not REQUIREMENT.match(line):
            message = f"expected a requirement such as 'pandas>=2,<3', got {quoted(line)}"
            fix = "the lines of all graphs are combined into one file, which cannot have options"
            problems.append(f"{file}:{number}: {message}: {fix}")
    return FolderSettings(file if file.is_file() else None, env, secrets, tuple(problems))


def lines(file: Path, problems: list[str]) -> Iterator[tuple[int, str]]:
    """The lines of ``file``, if it exists, with their numbers, without empty lines and comments."""
    try:
        text = decoded(file.read_bytes()) if file.is_file() else ""
    except UnreadableError as error:
        problems.append(f"{file}:{error.flaw.line}: {error.flaw.message}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _assigned(file: Path, value: Callable[[str], _T | None], problems: list[str]) -> dict[str, _T]:
    found: dict[str, _T] = {}
    for number, line in lines(file, problems):
        name, equals, text = line.partition("=")
        made = value(text)
        wrong = None
        if not equals or not _NAME.fullmatch(name):
            wrong = f"expected NAME={'value' if file.name == ENV else 'secret'}, got {quoted(line)}"
        elif _RESERVED.fullmatch(name):
            wrong = f"{name} is reserved by the platform or the orchestrator: choose another name"
        elif name in found:
            wrong = f"{name} is set twice: remove one of the lines"
        elif made is None:
            expected = "expected a secret's name, name:version, or projects/P/secrets/name"
            wrong = f"{name}: {expected}, got {quoted(text)}"
        else:
            found[name] = made
        problems += [f"{file}:{number}: {wrong}"] if wrong else []
    return found


def _value(text: str) -> str:
    """The value as it is written, without the quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _secret(text: str) -> Secret | None:
    match = _SECRET.fullmatch(text)
    return Secret(match["secret"], match["version"] or "latest", match["project"]) if match else None
