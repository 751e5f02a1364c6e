"""Finds out which distributions contain a module, and what they require, from what is installed here."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from orchestrator.deployment.lockfile.folder_settings import REQUIREMENT, lines
from orchestrator.deployment.lockfile.imports import Import


def named(file: Path) -> set[str]:
    """The distributions, with their extras, that a requirements file names."""
    return {_normal(match[1]) + (match[2] or "") for _, line in lines(file, []) if (match := REQUIREMENT.match(line))}


@cache
def with_needs(named: frozenset[str]) -> frozenset[str]:
    """The names of ``named`` and of all their requirements, as far as these are installed here.

    Markers other than extras are ignored: requirements for other platforms count too.
    """
    ready, seen = sorted(named), set(named)
    while ready:
        name, _, extras = ready.pop().rstrip("]").partition("[")
        wanted = {_normal(extra.strip()) for extra in extras.split(",")}
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in needs:
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", need)
            if (match := REQUIREMENT.match(need)) and (extra is None or _normal(extra[1]) in wanted):
                further = _normal(match[1]) + (match[2] or "")
                ready += {further} - seen
                seen.add(further)
    return frozenset(name.partition("[")[0] for name in seen)


def brought(module: str, there: Collection[str]) -> bool:
    """Whether one of the distributions ``there`` contains a module. If it is not installed here, its name decides."""
    top = module.partition(".")[0]
    if top not in _providers():
        return any(name == _normal(top) or name.startswith(f"{_normal(top)}-") for name in there)
    return not distributions(module).isdisjoint(there)


def decisive(found: Import) -> list[str]:
    """The modules whose distribution is needed: for ``from google.cloud import storage`` the last one."""
    shared = len(_providers().get(found.top, ())) > 1
    return (found.inner if shared and not _owners(found.module) else []) or [found.module]


def distributions(module: str) -> set[str]:
    """The distributions that contain a module; if it is not installed here, one with the module's name."""
    top = module.partition(".")[0]
    known = {_normal(name) for name in _providers().get(top, ())}
    if len(known) > 1:
        return _owners(module) or {_normal(module)}
    return known or {_normal(top)}


def _owners(module: str) -> set[str]:
    """Of the distributions that share the module's first part, those that contain it, or else its parent package."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        names = _providers().get(parts[0], ())
        if found := {_normal(name) for name in names if any(_is_module(file, path) for file in _files(name))}:
            return found
    return set()


def _is_module(file: str, path: str) -> bool:
    """Whether ``file`` is the module at ``path``. A namespace package is not."""
    return file == f"{path}/__init__.py" or file.startswith(f"{path}.")


@cache
def _providers() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@cache
def _files(distribution: str) -> tuple[str, ...]:
    return tuple(str(file) for file in metadata.files(distribution) or ())


def _normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
