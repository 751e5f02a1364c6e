"""Which home or store a command means, and what to add to a command so that it finds the same."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.cloud.settings import read_settings
from orchestrator.errors import UsageError
from orchestrator.home import Home, default_home, existing_home
from orchestrator.home.store_url import StoreUrl, store_url
from orchestrator.local.wiring import open_store, reading
from orchestrator.operations.deployed_console import DeployedConsole, Location
from orchestrator.ports import Reader, Store


def choose_home(given: Path | None, start: Path) -> Home:
    """The home that is given, or set in the environment, or that of the repository that contains ``start``."""
    chosen = given or read_settings().home
    return Home(chosen) if chosen is not None else default_home(start)


def home_flag(home: Home) -> str:
    """What to add to a command that is run here so that it finds ``home``: nothing, or `` --home PATH``."""
    try:
        usual = choose_home(None, Path()).path.resolve() == home.path.resolve()
    except UsageError:  # another user's is there
        usual = False
    return "" if usual else f" --home {shlex.quote(str(home.path))}"


def flag_for(home: Home | None, url: StoreUrl | None) -> str:
    """What to add to a command that is run here so that it finds the runs of ``home``, or of the store at ``url``."""
    if home is not None:
        return home_flag(home)
    if url is not None and url.flag:
        return url.flag
    return f" --store {_quoted(url.text)}" if url is not None else ""


def url_of(place: Location) -> StoreUrl | None:
    """What ``place`` says of where the runs are; None: in a home."""
    return store_url(place) if isinstance(place, str) else place.url if place is not None else None


def _quoted(text: str) -> str:
    """In single quotes, since some shells interpret brackets; a single quote inside is quoted separately."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


@contextmanager
def named_store(given: Path | None, url: Location) -> Iterator[tuple[Home | None, Reader]]:
    """The store that ``--home`` or ``--store`` names, or that of the current folder, with its home, if any.

    For a deployment, what its console shows.
    """
    if isinstance(url, DeployedConsole):
        yield None, url.reader
        return
    if url is None:
        with store_of(given) as (home, near):
            yield home, near
        return
    if given is not None:
        raise UsageError("--home and --store both say where the runs are: give only one of them")
    named = store_url(url)
    with open_store(named) as store:
        yield Home(named.file.parent) if named.file is not None else None, store


@contextmanager
def store_of(given: Path | None) -> Iterator[tuple[Home, Store]]:
    """The home that is given, or that of the current folder, and its store. Raises NotFoundError if it has no runs."""
    home = existing_home(choose_home(given, Path()))
    with reading(home) as store:
        yield home, store
