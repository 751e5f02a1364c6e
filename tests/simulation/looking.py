"""Looks whether the product, or a mutant of it, has what a test or a simulated world finds to be wrong."""

import logging
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from typing import Any

import pytest

from tests.simulation.breaking import ROOT, break_as
from tests.simulation.mutations.mutant import Mutant


@dataclass(frozen=True, slots=True)
class Look:
    """A test, or worlds of some kinds, and what they are to look at: the product as it is, or a mutant of it."""

    mutant: Mutant | None
    test: str = ""
    worlds: str = ""
    kinds: tuple[str, ...] = ()
    seeds: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found wrong; ``seed`` if it was in a world."""

    said: str
    seed: int | None = None


def look(what: Look) -> Seen | None:
    """What is wrong with the product, or with a mutant. This process may be left broken."""
    if what.mutant is not None:
        break_as(what.mutant)
    if what.test:
        return _tested(what.test)
    logging.disable()  # what the product says about all the faults
    for seed in what.seeds:
        if failures := _failures(what.worlds, seed, what.kinds):
            return Seen(f"seed {seed}: {failures[0]}", seed)
    return None


def _failures(worlds: str, seed: int, kinds: Sequence[str]) -> Sequence[str]:
    """What is wrong in the world of a seed."""
    simulate: Any = import_module(f"{worlds}.__main__").simulate
    result = simulate(seed, kinds=kinds) if kinds else simulate(seed)
    failures: Sequence[str] = result[0] if isinstance(result, tuple) else result.failures
    return failures


class _Reports:
    """A plugin of pytest that keeps what fails."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _tested(test: str) -> Seen | None:
    """The first of the tests that fails. Raises RuntimeError if none could be run."""
    reports, said = _Reports(), StringIO()
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    unused = ["-p", "no:schemathesis", "-p", "no:xdist"]  # they take seconds to be imported
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main([*quiet, *unused, "--rootdir", str(ROOT), str(ROOT / test)], [reports])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{test} cannot be run: {said.getvalue()}")
    return Seen(reports.failed[0]) if reports.failed else None
