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
    """``folder``: where the graphs are. ``say`` gets lines about failures."""

    def __init__(self, home: Home, folder: Path, say: Callable[[str], None]) -> None:
        self._home, self._folder, self._say = home, folder, say
        self._owed: list[Start] = []
        self._untold: list[str] = []
        self._begun, self._wrong = False, ""

    def owe(self, starts: Sequence[Start]) -> None:
        """Put what is to be told of ``starts`` onto the queue; later, if that is not possible now."""
        self._owed += starts
        if self._owed:
            self._at_home(self._put)

    def tell(self) -> None:
        """Tell what is owed, also by an earlier server."""
        if self._owed or self._untold or not self._begun:
            self._at_home(self._tell)

    def _at_home(self, act: Callable[[Embedded], None]) -> None:
        """Do something there. What is owed stays owed if it is not possible now; that is said."""
        try:
            world = self._open()
            try:
                act(world)
                self._wrong = ""
            finally:
                world.close()
        except OrchestratorError as error:  # the project's file is being changed, or is wrong; or the disk is full
            if (said := str(error)) != self._wrong:
                self._wrong = said
                self._say(f"warning: no receiver can be notified of missed starts: {said}")

    def _open(self) -> Embedded:
        return embedded(
            self._home, 1, fake_dataflow=True, receivers=receivers_of(self._folder), flag=home_flag(self._home)
        )

    def _put(self, world: Embedded) -> None:
        ledger = world.engine.ledger
        with world.database.transaction:
            for effect in missed(ledger, [DueStart(start.name, start.run_id, start.at) for start in self._owed]):
                if tasks := told(ledger, effect):
                    world.queue.put(tasks)
        self._owed.clear()

    def _tell(self, world: Embedded) -> None:
        self._put(world)
        self._untold = [key for key in world.queue.owing(NOTICES) if world.store.get_run(key) is None]
        if not self._notices(world).close():
            self._untold.clear()
        self._begun = True

    def _notices(self, world: Embedded) -> Notices:
        return Notices(world, lambda: self._untold, self._say)
