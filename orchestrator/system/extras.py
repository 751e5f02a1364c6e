"""How this package was installed, and so how an extra of it is. Reads what pip wrote down, only when it is asked."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

#: What the distribution is called on the package index, where ``orchestrator`` is another's.
DISTRIBUTION = "dataflow-orchestrator"

#: The folder in which this package lies.
_BESIDE = Path(__file__).resolve().parents[2]


def install(extra: str) -> str:
    """The command that adds an extra, from wherever the package came: the index, a folder, an archive, a repository."""
    return _command(extra, _origin(), _BESIDE)


def _origin() -> Mapping[str, Any] | None:
    """PEP 610's ``direct_url.json``, empty if it came from an index; None if it runs from where it lies."""
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
