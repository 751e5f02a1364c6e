"""Chooses how the progress of a run is shown."""

import sys
from typing import TYPE_CHECKING

from orchestrator.cli.views.lines import LineView, SilentView
from orchestrator.reporting.watch import Watch

if TYPE_CHECKING:
    from orchestrator.cli.views.live import LiveView


def progress_view(watch: Watch, silent: bool) -> "LiveView | LineView | SilentView":
    """The live view in a terminal, otherwise a line for each change; nothing if ``silent``."""
    if silent:
        return SilentView()
    if sys.stdout.isatty():
        from orchestrator.cli.views.console import console
        from orchestrator.cli.views.live import LiveView

        screen = console()
        if not screen.is_dumb_terminal:
            return LiveView(watch, screen)
    return LineView(watch, sys.stdout)
