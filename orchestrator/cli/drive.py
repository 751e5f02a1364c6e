"""How the commands that drive a run show its progress."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.cli.output import echo
from orchestrator.cli.views.lines import LineView, SilentView
from orchestrator.cli.views.progress import progress_view
from orchestrator.operations import driving
from orchestrator.operations.runs import Driver
from orchestrator.reporting.watch import Watch

if TYPE_CHECKING:
    from orchestrator.cli.views.live import LiveView


@dataclass(frozen=True, slots=True)
class How(driving.How):
    """How a run is driven and shown."""

    json: bool = False
    picture: bool = True


def driver(how: How) -> Driver:
    """Drives runs, and shows their progress here."""
    return Driver(how, partial(_shown, how), partial(echo, beside=True))


@contextmanager
def _shown(how: How, watch: Watch) -> "Iterator[LiveView | LineView | SilentView]":
    with kept_clean(how.json), progress_view(watch, how.json) as view:
        yield view


@contextmanager
def kept_clean(wanted: bool) -> Iterator[None]:
    """Keep standard output for the JSON: what steps write there goes to standard error instead."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
