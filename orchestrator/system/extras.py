"""The command that installs an extra of this package, from the same source as the package itself."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

#: The distribution's name; on the package index, ``orchestrator`` is another project.
DISTRIBUTION = "dataflow-orchestrator"

#: The folder that contains this package.
_BESIDE = Path(__file__).resolve().parents[2]


def install(extra: str) -> str:
    """The command that adds an extra, from the package's own source: an index, a folder, an archive or a repository."""
    return _command(extra, _origin(), _BESIDE)


def _origin() -> Mapping[str, Any] | None:
    """PEP 610's ``direct_url.json``, empty if it came from an index; None if it runs from a checkout."""
    import json
    from importlib import metadata

    said = None
    with suppress(metadata.PackageNotFoundError):
        said = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    if said is None and (_BESIDE / "pyproject.toml").is_file():
        return None
    found: dict[str, Any] = json.loads(said or "{}")
    return found


def _command(extra: str, origin: Mapping[str, Any] | None, beside: Path) -> str:
    from urllib.parse import unquote, urlsplit

    if origin is None:
        return f"pip install -e {quote(f'{beside}[{extra}]')}"
    if "dir_info" in origin:
        folder = unquote(urlsplit(origin["url"]).path)
        editable = "-e " if origin["dir_info"].get("editable") else ""
        return f"pip install {editable}{quote(f'{folder}[{extra}]')}"
    wanted = f"{DISTRIBUTION}[{extra}]"
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        wanted += f" @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    elif "url" in origin:
        wanted += f" @ {origin['url']}"
    return f"pip install {quote(wanted)}"
