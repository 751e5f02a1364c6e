"""``status --watch``: shows a run that another process drives until it has ended."""

import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.cli.views.progress import progress_view
from orchestrator.core.model import RunStatus
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.waiting_to_begin import WaitingToBegin
from orchestrator.operations.watching import looks
from orchestrator.reporting.found import Found
from orchestrator.reporting.held import all_held, standstill
from orchestrator.reporting.summary import Line, abandoned, how_to_rerun, summary
from orchestrator.reporting.watch import Watch

#: Seconds between two updates of the screen, whose clocks run on.
_TICK = 0.25


def follow(found: Found, home: Path | None, store: Location, silent: bool) -> Found:
    """Show a run until it has ended or is interrupted, and return it as it is then. Ctrl-C raises KeyboardInterrupt.

    In a terminal the screen is redrawn; elsewhere there is a line for each change; if ``silent``, nothing.
    """
    watch = Watch(found.run, found.plan, found.view)
    last, waits = found, _waits(found)
    with progress_view(watch, silent) as view:

        def pause(length: float) -> None:
            end = time.monotonic() + length
            while (left := end - time.monotonic()) > 0:
                view.tick()
                time.sleep(min(left, _TICK))

        line = WaitingToBegin(watch, found.flag, view.say)
        if waits:
            view.say(_held(found, waits))
        line.look(found.view.state(found.plan.end))
        for now in looks(found, home, store, pause, view.say, outputs=silent):
            watch.run = now.run
            for node, state in now.view.states.items():
                if state != watch.state(node):
                    watch.saw(now.run.key, node, state)
            line.look(now.view.state(now.plan.end))
            if (held := _waits(now)) != waits and held:
                view.say(_held(now, held))
            last, waits = now, held
    return last


def ending(found: Found) -> Iterator[Line]:
    """How the run ended that was watched, or why watching it has ended."""
    yield from summary(found, time.time())
    yield from how_to_rerun(found)
    yield from (Line(f"not shown: {said}", "red") for said in found.unreadable)
    if found.abandoned:
        yield Line(abandoned(found), "yellow")


def _waits(found: Found) -> list[int]:
    """The steps whose release is all that the run waits for."""
    over = found.abandoned or found.run.status is not RunStatus.RUNNING
    over = over or found.view.state(found.plan.end).waits is not None
    return [] if over else standstill(found.plan, found.view.states)


def _held(found: Found, waits: list[int]) -> str:
    stopped = found.run.stop is not None
    return f"waiting: {all_held(found.plan, found.view.states, waits, found.run.id, found.flag, stopped=stopped)}"
