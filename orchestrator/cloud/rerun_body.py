"""The part ``rerun`` of a request to the deployed ``start``, parsed and checked. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.rerun_inside import Selection
from orchestrator.text import quoted

_TEXTS, _FLAGS = ("from", "only"), ("all", "same_version", "dry_run")
_KEYS = ("of", *_TEXTS, *_FLAGS, "token")


@dataclass(frozen=True, slots=True)
class RerunAsked:
    """The rerun that is requested of the run with the id ``of``. ``dry_run``: only tell what it would do.

    ``token``: of a plan that was shown; start that one or nothing.
    """

    of: str
    wanted: Selection
    same_version: bool = False
    dry_run: bool = False
    token: str | None = None


def rerun_asked(data: Mapping[str, Any]) -> RerunAsked:
    """The request in ``data``, in which ``wrong_rerun`` has found nothing wrong."""
    wanted = Selection(tuple(data.get("from", ())), tuple(data.get("only", ())), data.get("all", False))
    return RerunAsked(
        data["of"], wanted, data.get("same_version", False), data.get("dry_run", False), data.get("token")
    )


def wrong_rerun(data: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with the form of ``data``, a sentence each."""
    yield from (f"rerun.{name}: unknown key" if name.isidentifier() else f"rerun: unknown key {quoted(name)}"
                for name in sorted(data.keys() - set(_KEYS))[:10])  # fmt: skip
    if not isinstance(data.get("of"), str) or not data["of"]:
        yield "rerun.of: expected the id of a run"
    for name in _TEXTS:
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(step, str) for step in value):
            yield f"rerun.{name}: expected a list of names of steps"
    for name in _FLAGS:
        if not isinstance(data.get(name, False), bool):
            yield f"rerun.{name}: expected true or false"
    if not isinstance(data.get("token", ""), str):
        yield "rerun.token: expected text"
