"""What a graph's folder has for the functions: ``requirements.txt``, ``env`` and ``secrets``. Reads them; sets nothing.

``env`` has lines ``NAME=value``, which a shell can read too. ``secrets`` has lines ``NAME=secret`` or
``NAME=secret:version``, as ``gcloud … --set-secrets`` takes them; a secret of another project is said in full,
``projects/P/secrets/S``.
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

#: Names that Cloud Run keeps for itself ("Configure environment variables", Cloud Run's documentation, 2026), ours, and
#: those that would lead the functions elsewhere.
_RESERVED = re.compile(
    r"ORCHESTRATOR_.*|K_.*|X_GOOGLE_.*|FUNCTION_.*|PORT|PATH|PYTHON.*|.*_EMULATOR_(HOST|URL)"
    r"|GOOGLE_APPLICATION_CREDENTIALS"
)

_SECRET = re.compile(
    r"(?:projects/(?P<project>[^/:]+)/secrets/)?(?P<secret>[A-Za-z0-9_-]{1,255})(?::(?P<version>latest|[0-9]+))?"
)

#: A requirement begins with a project's name; anything else is an option of pip's.
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
    """What lies in the folder of a graph."""
    problems: list[str] = []
    env = _assigned(folder / ENV, _value, problems)
    secrets = _assigned(folder / SECRETS, _secret, problems)
    both = sorted(env.keys() & secrets.keys())
    problems += [f"{folder / SECRETS}: {name} is in '{ENV}' too: say it once" for name in both]
    file = folder / REQUIREMENTS
    for number, line in lines(file, problems):
        if not REQUIREMENT.match(line):
            came = f"expected a requirement such as 'pandas>=2,<3', got {quoted(line)}"
            problems.append(f"{file}:{number}: {came}: all graphs' lines come together in one file, without options")
    return FolderSettings(file if file.is_file() else None, env, secrets, tuple(problems))


def lines(file: Path, problems: list[str]) -> Iterator[tuple[int, str]]:
    """The lines of ``file`` that say something, with their numbers, if it is there."""
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
            wrong = f"{name} is a name that the platform or the orchestrator needs for itself: choose another"
        elif name in found:
            wrong = f"{name} is said twice: say it once"
        elif made is None:
            expected = "expected a secret's name, name:version, or projects/P/secrets/name"
            wrong = f"{name}: {expected}, got {quoted(text)}"
        else:
            found[name] = made
        problems += [f"{file}:{number}: {wrong}"] if wrong else []
    return found


def _value(text: str) -> str:
    """The value as it stands, without quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _secret(text: str) -> Secret | None:
    match = _SECRET.fullmatch(text)
    return Secret(match["secret"], match["version"] or "latest", match["project"]) if match else None
