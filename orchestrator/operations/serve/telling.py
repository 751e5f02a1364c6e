"""Notifies receivers of starts that were due on this machine and did not happen.

What is to be told is on the queue of the home, under a name made of the run's id, so each start is told once, whichever
server sees first that it was missed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.engine.missed_starts import DueStart, missed, told
from orchestrator.errors import OrchestratorError
from orchestrator.home import Home
from orchestrator.local.notices import Notices
from orchestrator.local.wiring import Embedded, embedded
from orchestrator.operations.choose_store import home_flag
from orchestrator.operations.receivers import receivers_of
from orchestrator.operations.serve.timetable import Start
from orchestrator.ports import NOTICES


class Telling:
    """Call it with starts that were missed. ``folder``: where the graphs are. ``say`` gets lines about failures."""

    def __init__(self, home: Home, folder: Path, say: Callable[[str], None]) -> None:
        self._home, self._folder, self._say = home, folder, say
        self._untold: list[str] = []
        self._begun = False

    def __call__(self, starts: Sequence[Start]) -> None:
        """Tell of ``starts``, and of what could not be told before, also by an earlier server."""
        if not starts and not self._untold and self._begun:
            return
        try:
            world = embedded(
                self._home, 1, fake_dataflow=True, receivers=receivers_of(self._folder), flag=home_flag(self._home)
            )
        except OrchestratorError as error:  # the project's file is being changed, or is wrong
            self._say(f"warning: no receiver can be notified of missed starts: {error}")
            return
        try:
            self._tell(world, starts)
            self._begun = True
        finally:
            world.close()

    def _tell(self, world: Embedded, starts: Sequence[Start]) -> None:
        ledger = world.engine.ledger
        for effect in missed(ledger, [DueStart(start.name, start.run_id, start.at) for start in starts]):
            if tasks := told(ledger, effect):
                world.queue.put(tasks)
        world.database.settle()
        self._untold = [key for key in world.queue.owing(NOTICES) if world.store.get_run(key) is None]
        notices = Notices(world, lambda: self._untold, self._say)
        if not notices.close():
            self._untold.clear()
